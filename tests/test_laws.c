/* SPDX-License-Identifier: MIT OR Unlicense */
/* The laws of translation, over own cases and, where it is there, over ../shared/wire: split invariance; exactly one terminal event; no finish after a cut at any
 * byte; the fold of the translated stream equals the translation of the folded stream; dropped <=> deleting it leaves the output unchanged; every memory size.
 * The oracle is foreign.h, which knows nothing of aigw. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"
#include <dirent.h>

#define ROOM ((size_t)8 << 20)

static const aigw_dialect *const dialects[] = { &aigw_dialect_openai, &aigw_dialect_anthropic, &aigw_dialect_gemini, &aigw_dialect_cohere, &aigw_dialect_ollama, &aigw_dialect_bedrock,
    &aigw_dialect_responses };
enum { O, A, G, C, L, B, R, DIALECTS };

/* Families of recordings, by the dialect that they speak. */
static const struct { const char *folder; int dialect; } families[] = {
    { "openai-chat", O }, { "azure-openai", O }, { "cerebras", O }, { "deepseek", O }, { "gemini-openai-compat", O }, { "gpustack", O }, { "groq", O }, { "huggingface", O },
    { "mistral", O }, { "ollama-openai-compat", O }, { "openrouter", O }, { "perplexity", O }, { "together", O }, { "xai", O }, { "zai", O },
    { "anthropic", A }, { "gemini", G }, { "vertex-gemini", G }, { "cohere", C }, { "ollama", L }, { "ollama-generate", L }, { "bedrock-converse", B },
    { "openai-responses", R }, { "azure-openai-responses", R }, { "openrouter-responses", R }, { "xai-responses", R }, { "deepseek-responses", R }, { "bedrock-mantle-responses", R }
};

/* ---- own cases, from wire-formats section 29 */

static const char *const own_streams[] = {
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"M\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"call_1\","
    "\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"\"}}]},\"finish_reason\":null}],\"usage\":null}\n\n"
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"M\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"city\\\":\"}}]},\"finish_reason\":null}],\"usage\":null}\n\n"
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"M\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"\\u00d8slo \\ud83d\\ude00\\\"}\"}}]},\"finish_reason\":null}],\"usage\":null}\n\n"
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"M\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}],\"usage\":null}\n\n"
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"M\",\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":9,\"total_tokens\":29,\"prompt_tokens_details\":{\"cached_tokens\":0}}}\n\n"
    "data: [DONE]\n\n",
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"M\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":20,"
    "\"cache_read_input_tokens\":0,\"cache_creation_input_tokens\":0,\"output_tokens\":1}}}\n\n"
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n"
    "event: ping\ndata: {\"type\":\"ping\"}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Use the t\xC3\xB6\xC3\xB6l.\"}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"get_weather\",\"input\":{}}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\"}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"city\\\": \\\"Oslo\\\"}\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":18}}\n\n"
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Use the tool.\",\"thought\":true}]},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":20,\"thoughtsTokenCount\":8,\"totalTokenCount\":28},\"modelVersion\":\"M\",\"responseId\":\"r1\"}\r\n\r\n"
    "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"N\xC3\xBA \"}]},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":20,\"thoughtsTokenCount\":8,\"totalTokenCount\":28},\"modelVersion\":\"M\",\"responseId\":\"r1\"}\r\n\r\n"
    "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"get_weather\",\"args\":{\"city\":\"Oslo\"}},\"thoughtSignature\":\"AAAA\"}]},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":20,"
    "\"candidatesTokenCount\":10,\"thoughtsTokenCount\":8,\"totalTokenCount\":38},\"modelVersion\":\"M\",\"responseId\":\"r1\"}\r\n\r\n",
    "event: message-start\ndata: {\"id\":\"b1\",\"type\":\"message-start\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}\n\n"
    "event: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"thinking\",\"thinking\":\"\"}}}}\n\n"
    "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"thinking\":\"Use the t\xC3\xB6\xC3\xB6l \\ud83d\\ude00 \"}}}}\n\n"
    "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"thinking\":\"here.\"}}}}\n\n"
    "event: content-end\ndata: {\"type\":\"content-end\",\"index\":0}\n\n"
    "event: content-start\ndata: {\"type\":\"content-start\",\"index\":1,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n"
    "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":1,\"delta\":{\"message\":{\"content\":{\"text\":\"Ruby\"}}}}\n\n"
    "event: citation-start\ndata: {\"type\":\"citation-start\",\"index\":0,\"delta\":{\"message\":{\"citations\":{\"start\":0,\"end\":4,\"text\":\"Ruby\",\"sources\":[{\"type\":\"tool\",\"id\":\"c:0\",\"tool_output\":{\"content\":\"Ruby\"}}],\"type\":\"TEXT_CONTENT\"}}}}\n\n"
    "event: citation-end\ndata: {\"type\":\"citation-end\",\"index\":0}\n\n"
    "event: content-end\ndata: {\"type\":\"content-end\",\"index\":1}\n\n"
    "event: tool-plan-delta\ndata: {\"type\":\"tool-plan-delta\",\"delta\":{\"message\":{\"tool_plan\":\"I will\"}}}\n\n"
    "event: tool-plan-delta\ndata: {\"type\":\"tool-plan-delta\",\"delta\":{\"message\":{\"tool_plan\":\" look.\"}}}\n\n"
    "event: tool-call-start\ndata: {\"type\":\"tool-call-start\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"get_weather_1\",\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"\"}}}}}\n\n"
    "event: tool-call-delta\ndata: {\"type\":\"tool-call-delta\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\"}\"}}}}}\n\n"
    "event: tool-call-end\ndata: {\"type\":\"tool-call-end\",\"index\":0}\n\n"
    "event: tool-call-start\ndata: {\"type\":\"tool-call-start\",\"index\":1,\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"get_time_2\",\"type\":\"function\",\"function\":{\"name\":\"get_time\",\"arguments\":\"\"}}}}}\n\n"
    "event: tool-call-end\ndata: {\"type\":\"tool-call-end\",\"index\":1}\n\n"
    "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"TOOL_CALL\",\"usage\":{\"billed_units\":{\"input_tokens\":20,\"output_tokens\":9},\"tokens\":{\"input_tokens\":20,\"output_tokens\":9},\"cached_tokens\":4}}}\n\n"
    "data: [DONE]\n\n",
    "{\"model\":\"M\",\"created_at\":\"2026-11-21T05:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"Use the t\xC3\xB6\xC3\xB6l.\"},\"done\":false}\n"
    "{\"model\":\"M\",\"created_at\":\"2026-11-21T05:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"N\\u00fa \\ud83d\\ude00\"},\"done\":false}\r\n\n"
    "{\"model\":\"M\",\"created_at\":\"2026-11-21T05:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"call_1\",\"function\":{\"index\":0,\"name\":\"get_weather\",\"arguments\":{\"city\":\"Oslo\"}}},"
    "{\"function\":{\"index\":1,\"name\":\"get_weather\",\"arguments\":{\"city\":\"Rome\"}}}]},\"done\":false}\n"
    "{\"model\":\"M\",\"created_at\":\"2026-11-21T05:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":20,\"eval_count\":9,\"total_duration\":5000000}\n",
    "messageStart {\"role\":\"assistant\",\"p\":\"abc\"}\n"
    "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"text\":\"Use the t\xC3\xB6\xC3\xB6l.\"}}}\n"
    "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"signature\":\"c2ln\"}}}\n"
    "contentBlockStop {\"contentBlockIndex\":0}\n"
    "contentBlockDelta {\"contentBlockIndex\":1,\"delta\":{\"text\":\"N\\u00fa \\ud83d\\ude00\"}}\n"
    "contentBlockStop {\"contentBlockIndex\":1}\n"
    "contentBlockStart {\"contentBlockIndex\":2,\"start\":{\"toolUse\":{\"toolUseId\":\"tooluse_1\",\"name\":\"get_weather\"}}}\n"
    "contentBlockDelta {\"contentBlockIndex\":2,\"delta\":{\"toolUse\":{\"input\":\"{\\\"city\\\":\"}}}\n"
    "contentBlockDelta {\"contentBlockIndex\":2,\"delta\":{\"toolUse\":{\"input\":\"\\\"Oslo\\\"}\"}}}\n"
    "contentBlockStop {\"contentBlockIndex\":2}\n"
    "messageStop {\"stopReason\":\"tool_use\"}\n"
    "metadata {\"usage\":{\"inputTokens\":20,\"outputTokens\":9,\"totalTokens\":31,\"cacheReadInputTokens\":2},\"metrics\":{\"latencyMs\":5}}\n",
    "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"model\":\"M\",\"status\":\"in_progress\",\"output\":[],\"usage\":null}}\n\n"
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[]}}\n\n"
    "event: response.reasoning_summary_part.added\ndata: {\"type\":\"response.reasoning_summary_part.added\",\"sequence_number\":2,\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"part\":{\"type\":\"summary_text\",\"text\":\"\"}}\n\n"
    "event: response.reasoning_summary_text.delta\ndata: {\"type\":\"response.reasoning_summary_text.delta\",\"sequence_number\":3,\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"delta\":\"Use the \"}\n\n"
    "event: response.reasoning_summary_text.delta\ndata: {\"type\":\"response.reasoning_summary_text.delta\",\"sequence_number\":4,\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"delta\":\"tööl.\"}\n\n"
    "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"sequence_number\":5,\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Use the tööl.\"}],\"encrypted_content\":\"ENC\"}}\n\n"
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":6,\"output_index\":1,\"item\":{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":\"get_weather\",\"arguments\":\"\",\"status\":\"in_progress\"}}\n\n"
    "event: response.function_call_arguments.delta\ndata: {\"type\":\"response.function_call_arguments.delta\",\"sequence_number\":7,\"item_id\":\"fc_1\",\"output_index\":1,\"delta\":\"{\\\"city\\\":\"}\n\n"
    "event: response.function_call_arguments.delta\ndata: {\"type\":\"response.function_call_arguments.delta\",\"sequence_number\":8,\"item_id\":\"fc_1\",\"output_index\":1,\"delta\":\"\\\"Oslo\\\"}\"}\n\n"
    "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"sequence_number\":9,\"output_index\":1,\"item\":{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":\"get_weather\",\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\"}\",\"status\":\"completed\"}}\n\n"
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":10,\"output_index\":2,\"item\":{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"status\":\"in_progress\",\"content\":[]}}\n\n"
    "event: response.content_part.added\ndata: {\"type\":\"response.content_part.added\",\"sequence_number\":11,\"item_id\":\"msg_1\",\"output_index\":2,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[],\"logprobs\":[]}}\n\n"
    "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":12,\"item_id\":\"msg_1\",\"output_index\":2,\"content_index\":0,\"delta\":\"So \",\"logprobs\":[]}\n\n"
    "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":13,\"item_id\":\"msg_1\",\"output_index\":2,\"content_index\":0,\"delta\":\"\\u2603\",\"logprobs\":[],\"obfuscation\":\"xx\"}\n\n"
    "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"sequence_number\":14,\"output_index\":2,\"item\":{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"status\":\"completed\",\"content\":[{\"type\":\"output_text\",\"text\":\"So ☃\",\"annotations\":[],\"logprobs\":[]}]}}\n\n"
    "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":15,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"model\":\"M\",\"status\":\"completed\",\"output\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Use the tööl.\"}],\"encrypted_content\":\"ENC\"},{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":\"get_weather\",\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\"}\",\"status\":\"completed\"},{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"status\":\"completed\",\"content\":[{\"type\":\"output_text\",\"text\":\"So ☃\",\"annotations\":[],\"logprobs\":[]}]}],\"usage\":{\"input_tokens\":20,\"input_tokens_details\":{\"cached_tokens\":0,\"cache_write_tokens\":0},\"output_tokens\":9,\"output_tokens_details\":{\"reasoning_tokens\":4},\"total_tokens\":29}}}\n\n"
};
static const struct { const char *target, *body; } own_requests[] = {
    { "/v1/chat/completions", "{\"model\":\"M\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"Weather in Oslo?\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\","
      "\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\"}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"{\\\"t\\\":3}\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
      "\"get_weather\",\"description\":\"d\",\"parameters\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}}],\"tool_choice\":\"auto\",\"max_completion_tokens\":100,\"seed\":7,\"temperature\":0.5,"
      "\"logit_bias\":{\"5\":1},\"stream\":true,\"stream_options\":{\"include_usage\":true}}" },
    { "/v1/messages", "{\"model\":\"M\",\"max_tokens\":100,\"system\":\"Be brief.\",\"messages\":[{\"role\":\"user\",\"content\":\"Weather in Oslo?\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"call_1\",\"name\":\"get_weather\","
      "\"input\":{\"city\":\"Oslo\"}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"call_1\",\"content\":\"{\\\"t\\\":3}\",\"is_error\":true}]}],\"tools\":[{\"name\":\"get_weather\",\"description\":\"d\",\"input_schema\":"
      "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]},\"cache_control\":{\"type\":\"ephemeral\"}}],\"tool_choice\":{\"type\":\"auto\"},\"inference_geo\":\"eu\",\"stream\":true}" },
    { "/v1beta/models/M:streamGenerateContent?alt=sse", "{\"systemInstruction\":{\"parts\":[{\"text\":\"Be brief.\"}]},\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Weather in Oslo?\"}]},{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"call_1\","
      "\"name\":\"get_weather\",\"args\":{\"city\":\"Oslo\"}},\"thoughtSignature\":\"AAAA\"}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"call_1\",\"name\":\"get_weather\",\"response\":{\"t\":3}}}]}],\"tools\":[{\"functionDeclarations\":[{\"name\":"
      "\"get_weather\",\"description\":\"d\",\"parametersJsonSchema\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}]}],\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"AUTO\"}},\"generationConfig\":"
      "{\"maxOutputTokens\":100,\"topK\":40,\"mediaResolution\":\"MEDIA_RESOLUTION_LOW\"}}" },
    { "/v2/chat", "{\"model\":\"M\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Weather i"
      "n Oslo?\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,iVBORw0KGgo=\"}}]},{\"role\":\"assistant\",\"tool_plan\":\"I will lo"
      "ok.\",\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\"}\"}}]"
      "},{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":[{\"type\":\"text\",\"text\":\"{\\\"t\\\":3}\"}]}],\"tools\":[{\"type\":\"function\",\"fu"
      "nction\":{\"name\":\"get_weather\",\"description\":\"d\",\"parameters\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"require"
      "d\":[\"city\"]}}}],\"max_tokens\":100,\"seed\":7,\"temperature\":0.5,\"k\":40,\"safety_mode\":\"STRICT\",\"stream\":true}" },
    { "/api/chat", "{\"model\":\"M\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"Weather in Oslo?\",\"images\":[\"iVBORw0KGgo=\"]},{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"Hm.\","
      "\"tool_calls\":[{\"function\":{\"name\":\"get_weather\",\"arguments\":{\"city\":\"Oslo\"}}}]},{\"role\":\"tool\",\"tool_name\":\"get_weather\",\"content\":\"{\\\"t\\\":3}\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\","
      "\"description\":\"d\",\"parameters\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}}],\"options\":{\"num_predict\":100,\"seed\":7,\"num_ctx\":4096},\"keep_alive\":\"5m\"}" },
    { "/model/M/converse-stream", "{\"system\":[{\"text\":\"Be brief.\"}],\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Weather in Oslo?\"},{\"image\":{\"format\":\"png\",\"source\":{\"bytes\":\"iVBORw0KGgo=\"}}},"
      "{\"cachePoint\":{\"type\":\"default\"}}]},{\"role\":\"assistant\",\"content\":[{\"toolUse\":{\"toolUseId\":\"call_1\",\"name\":\"get_weather\",\"input\":{\"city\":\"Oslo\"}}}]},{\"role\":\"user\",\"content\":[{\"toolResult\":"
      "{\"toolUseId\":\"call_1\",\"content\":[{\"json\":{\"t\":3}}],\"status\":\"success\"}}]}],\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"get_weather\",\"description\":\"d\",\"inputSchema\":{\"json\":{\"type\":\"object\","
      "\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}}}],\"toolChoice\":{\"auto\":{}}},\"inferenceConfig\":{\"maxTokens\":100,\"temperature\":0.5},\"additionalModelRequestFields\":{\"top_k\":40},"
      "\"requestMetadata\":{\"a\":\"b\"},\"performanceConfig\":{\"latency\":\"optimized\"}}" },
    { "/v1/responses", "{\"model\":\"M\",\"instructions\":\"Be brief.\",\"store\":false,\"include\":[\"reasoning.encrypted_content\"],\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Weather in Oslo?\"},{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,AAAA\",\"detail\":\"low\"}]},{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Hm.\"}],\"encrypted_content\":\"ENC\"},{\"type\":\"function_call\",\"call_id\":\"call_1\",\"name\":\"get_weather\",\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\"}\"},{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":\"{\\\"t\\\":3}\"}],\"tools\":[{\"type\":\"function\",\"name\":\"get_weather\",\"description\":\"d\",\"parameters\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]},\"strict\":false}],\"tool_choice\":\"auto\",\"max_output_tokens\":100,\"temperature\":0.5,\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"},\"text\":{\"verbosity\":\"low\"},\"prompt_cache_key\":\"k\",\"stream\":true}" }
};

/* ---- memory that every run takes afresh */

static unsigned char *memory;
static char *text, *hold;
static aigw_loss_item items[64];

static aigw_str str(const char *s) { return aigw_base_str(s); }

/* ---- a stream through the codecs */

typedef struct {
    aigw_enc   enc;
    aigw_out   out;
    aigw_check check;
    aigw_loss  loss;
    const aigw_dialect *to;
    int        events, terminals, errors, error_kind;
} run;

static int run_put(void *user, const aigw_event *ev) {
    run *r = (run *)user;
    int code = aigw_model_check_put(&r->check, ev);
    r->events++;
    r->terminals += ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR;
    if (ev->type == AIGW_EVENT_ERROR) {
        r->errors++;
        r->error_kind = ev->error->kind;
    }
    if (code < 0) return code;
    code = r->to->event_encode(&r->enc, ev, &r->out);
    return r->out.buf.n > r->out.buf.cap ? AIGW_E_NOMEM : code;
}

/* cut: bytes per feed; 0: whole; two: first feed only. Returns what the codecs said. */
static int run_stream(run *r, const aigw_dialect *from, const aigw_dialect *to, const char *p, size_t n, size_t cut, int two, int clean) {
    aigw_dec dec;
    aigw_window frames;
    aigw_frame f;
    aigw_sink sink;
    size_t at = 0;
    int code = 0, framing = from == &aigw_dialect_gemini && n && (p[0] == '[' || p[0] == '{') ? (int)AIGW_FRAMING_ARRAY : from->stream_framing;
    memset(r, 0, sizeof *r);
    memset(&dec, 0, sizeof dec);
    r->to = to;
    aigw_model_loss_init(&r->loss, items, T_COUNT(items));
    r->enc.dialect = to;
    r->enc.seed = dec.seed = 7;
    r->enc.now.wall_s = dec.now.wall_s = 1795230000;
    r->enc.loss = dec.loss = &r->loss;
    r->enc.hold = hold;
    r->enc.hold_cap = ROOM;
    aigw_dialect_enc_init(&r->enc);
    aigw_base_out_init(&r->out, text, ROOM, NULL, 0);
    dec.dialect = from;
    dec.n_max = AIGW_CHOICES;
    dec.mem = aigw_base_arena(memory, ROOM / 2);
    aigw_dialect_dec_init(&dec);
    aigw_sse_init(&frames, memory + ROOM / 2, ROOM / 2);                         /* all framings keep their window in the same way */
    sink.put = run_put;
    sink.user = r;
    while (at < n && code >= 0) {
        size_t piece = cut && (!two || !at) && cut < n - at ? cut : n - at;
        int took = aigw_sse_feed(&frames, p + at, piece);
        if (took < 0) return took;
        at += (size_t)took;
        for (;;) {
            int got = framing == AIGW_FRAMING_ARRAY ? aigw_array_next(&frames, &f) : framing == AIGW_FRAMING_NDJSON ? aigw_ndjson_next(&frames, &f) :
                      framing == AIGW_FRAMING_EVS ? aigw_evs_next(&frames, &f) : aigw_sse_next(&frames, &f);
            if (got <= 0) {
                if (got < 0) return got;
                break;
            }
            r->loss.doc = f.payload;
            code = from->frame_decode(&dec, f.name, f.payload, &sink);
            if (code < 0) break;
        }
        if (!took && framing != AIGW_FRAMING_ARRAY) return AIGW_E_LIMIT;
    }
    return code < 0 ? code : from->stream_end(&dec, clean, &sink);
}

static f_fold fold_of(int d, const char *p, size_t n) {
    f_fold (*const folds[DIALECTS])(const char *, size_t) = { f_fold_openai, f_fold_anthropic, f_fold_gemini, f_fold_cohere, f_fold_ollama, f_fold_bedrock, f_fold_responses };
    return folds[d](p, n);
}

/* ---- the corpus */

typedef void (*stream_fn)(int dialect, const char *name, const char *p, size_t n);

static int ends(const char *s, const char *tail) {
    size_t n = strlen(s), k = strlen(tail);
    return n >= k && !strcmp(s + n - k, tail);
}

/* Lines of `name payload` as an AWS event stream. */
static f_str framed_events(const char *p) {
    f_str b = { NULL, 0, 0 };
    while (*p) {
        const char *end = strchr(p, '\n'), *blank = strchr(p, ' ');
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(blank - p), p);
        f_evs_put(&b, "event", name, blank + 1, (size_t)(end - blank - 1));
        p = end + 1;
    }
    return b;
}

/* Own streams, then every recorded one; `max` bytes at most. Returns how many. */
static int each_stream(stream_fn f, size_t max) {
    size_t i;
    int n = 0;
    for (i = 0; i < T_COUNT(own_streams); i++, n++) {
        size_t len = strlen(own_streams[i]);
        t_row("own");
        if ((int)i == B) {
            f_str b = framed_events(own_streams[i]);
            f((int)i, "own", t_dup(b.s, b.n), b.n);
        } else f((int)i, "own", t_dup(own_streams[i], len), len);
        f_free();
        t_free_all();
    }
    for (i = 0; i < T_COUNT(families); i++) {
        char path[512];
        DIR *dir;
        struct dirent *e;
        snprintf(path, sizeof path, "wire/%s", families[i].folder);
        dir = opendir(t_shared(path));
        while (dir && (e = readdir(dir)) != NULL) {
            t_bytes b;
            char name[512];
            if (!ends(e->d_name, ".response.sse") && !ends(e->d_name, ".response.ndjson") && !ends(e->d_name, ".response.eventstream")) continue;
            snprintf(path, sizeof path, "wire/%s/%.380s", families[i].folder, e->d_name);
            snprintf(name, sizeof name, "%s", path);
            b = t_file(t_shared(path));
            if (b.n <= max) {
                t_row(name);
                f(families[i].dialect, name, b.p, b.n);
                n++;
            }
            f_free();
            t_free_all();
        }
        if (dir) closedir(dir);
    }
    t_row(NULL);
    return n;
}

/* ---- law: one terminal event, in the grammar, and the client's stream is sound */

static void law_terminal(int d, const char *name, const char *p, size_t n) {
    int c;
    (void)name;
    for (c = O; c < DIALECTS; c++) {
        run r;
        f_fold f;
        int code = run_stream(&r, dialects[d], dialects[c], p, n, 0, 0, 1);
        t_int("codecs", code, AIGW_OK);
        t_ok("grammar", !r.check.why);
        t_int("one terminal event", r.terminals, 1);
        f = fold_of(c, text, r.out.buf.n);
        if (f.bad) printf("  %s to %d: %s\n", name, c, f.bad);
        t_ok("client's grammar", !f.bad);
        t_int("nothing after the end", f.after, 0);
        t_int("errors", f.errors, r.errors);
        if (!r.errors && c != G) t_int("end markers", f.done, 1);
        if (!r.errors) t_ok("a finish reason", f.finish >= 1);
    }
}
T(every_stream_ends_once) { t_ok("streams", each_stream(law_terminal, ROOM / 4) >= 3); }

/* ---- law: cutting the input differently changes nothing */

static void law_split(int d, const char *name, const char *p, size_t n) {
    int c = (int)t_below(DIALECTS);
    run r;
    char *want;
    size_t want_n, i, tries = n <= 2500 && !getenv("T_QUICK") ? n : n <= 60000 ? 48 : 8;
    (void)name;
    if (run_stream(&r, dialects[d], dialects[c], p, n, 0, 0, 1) < 0) return;       /* another law's affair */
    want_n = r.out.buf.n;
    want = t_dup(text, want_n);
    run_stream(&r, dialects[d], dialects[c], p, n, 1, 0, 1);
    t_mem("byte by byte", text, r.out.buf.n, want, want_n);
    for (i = 1; i <= tries; i++) {
        size_t cut = tries == n ? i : 1 + t_below(n);
        run_stream(&r, dialects[d], dialects[c], p, n, cut, 1, 1);
        if (!t_mem("two pieces", text, r.out.buf.n, want, want_n)) break;
    }
    for (i = 0; i < 4; i++) {
        run_stream(&r, dialects[d], dialects[c], p, n, 2 + t_below(97), 0, 1);
        t_mem("pieces", text, r.out.buf.n, want, want_n);
    }
}
T(splits_change_nothing) { t_ok("streams", each_stream(law_split, 200000) >= 3); }

/* ---- law: a cut at any byte never looks finished */

static size_t count(const char *p, size_t n, const char *what) {
    aigw_str s, w = str(what);
    size_t at = 0, k = 0;
    s.p = p;
    s.n = n;
    while ((at = aigw_base_find(s, w, at)) < n) {
        at += w.n;
        k++;
    }
    return k;
}

static int cut_streams;

static void law_cut(int d, const char *name, const char *p, size_t n) {
    static const char *const finishes[] = { "\"finish_reason\":\"", "[DONE]", "\"stop_reason\":\"", "message_stop", "\"finishReason\":\"", "\"done\":true", "\"stopReason\":\"", "response.completed", "response.incomplete" };
    size_t at, i, step = getenv("T_QUICK") ? 37 : 1;
    int c = cut_streams++ % DIALECTS;
    (void)name;
    for (at = 0; at < n; at += step) {
        run r;
        int code = run_stream(&r, dialects[d], dialects[c], p, at, 0, 0, 0);
        if (!t_int("codecs", code, AIGW_OK) || !t_int("one terminal event", r.terminals, 1) || !t_int("it is an error", r.errors, 1)) break;
        for (i = 0; i < T_COUNT(finishes); i++)
            if (count(text, r.out.buf.n, finishes[i]) != (i ? 0 : count(text, r.out.buf.n, "\"finish_reason\":\"ERROR\""))) break;     /* Cohere's word for an answer that failed */
        if (!t_ok("no finish", i == T_COUNT(finishes))) break;
        if (at % 61 == 0) {
            f_fold f = fold_of(c, text, r.out.buf.n);
            if (f.bad) printf("  %s to %d cut at %lu: %s\n", name, c, (unsigned long)at, f.bad);
            if (!t_ok("client's grammar", !f.bad) || !t_int("one error", f.errors, 1)) break;
            f_free();
        }
    }
}
T(a_cut_never_looks_finished) {
    int n = each_stream(law_cut, 4200);
    t_ok("streams", n >= (t_file(t_shared("wire/index.json")).p ? 23 : 3));       /* 20 recorded ones and our own */
}

/* ---- law: fold(translate(stream)) == translate(fold(stream)) */

/* Without what is structural or made here: nulls, empties, times, padding; JSON inside a string is compared as JSON. */
static void normalize(f_json *j) {
    static const char *const skip[] = { "created", "created_at", "createTime", "obfuscation", "responseId", "object", "system_fingerprint", "service_tier" };
    f_json **slot = &j->kid, *k;
    size_t i;
    j->last = NULL;
    while ((k = *slot) != NULL) {
        int drop = 0;
        f_json *inner = k->type == 's' && k->n && (k->s[0] == '{' || k->s[0] == '[') ? f_parse(k->s, k->n, NULL) : NULL;
        if (inner) {
            k->type = inner->type;
            k->kid = inner->kid;
            k->n = inner->n;
        }
        normalize(k);
        if (j->type == 'o') {
            drop = k->type == 'n' || (k->type == 's' && !k->n) || ((k->type == 'a' || k->type == 'o') && !k->kid);
            for (i = 0; i < T_COUNT(skip); i++) drop |= !strcmp(k->key, skip[i]);
        }
        if (drop) {
            *slot = k->next;
            j->n--;
        } else {
            j->last = k;
            slot = &k->next;
        }
    }
}

static int whole_through(int from, int to, aigw_str body, aigw_out *out) {
    aigw_arena mem = aigw_base_arena(memory, ROOM / 2);
    aigw_fold fold;
    aigw_resp resp;
    aigw_sink sink;
    aigw_head head;
    aigw_dec dec;
    aigw_enc enc;
    int r;
    memset(&dec, 0, sizeof dec);
    memset(&enc, 0, sizeof enc);
    memset(&head, 0, sizeof head);
    head.status = 200;
    enc.seed = dec.seed = 7;
    enc.now.wall_s = dec.now.wall_s = 1795230000;
    dec.dialect = dialects[from];
    dec.n_max = AIGW_CHOICES;
    dec.mem = aigw_base_arena(memory + ROOM / 2, ROOM / 2);
    aigw_dialect_dec_init(&dec);
    enc.dialect = dialects[to];
    enc.hold = hold;
    enc.hold_cap = ROOM;
    aigw_dialect_enc_init(&enc);
    aigw_model_fold_init(&fold, &resp, &mem, 1);
    sink.put = aigw_model_fold_put;
    sink.user = &fold;
    r = dialects[from]->resp_decode(&dec, &head, body, &sink);
    aigw_base_out_init(out, text, ROOM, NULL, 0);
    if (r < 0 || resp.error) return r < 0 ? r : 1;
    return dialects[to]->resp_encode(&enc, &resp, out);
}

static int folds;

static void law_fold(int d, const char *name, const char *p, size_t n) {
    f_fold source = fold_of(d, p, n);
    int c;
    if (source.bad || source.errors || (d != R && count(p, n, "\"content\":[{"))) return;     /* clones with a grammar of their own: the other laws hold for them */
    for (c = O; c < DIALECTS; c++) {
        run r;
        aigw_out out;
        aigw_str body;
        f_fold streamed;
        f_json *whole;
        if (run_stream(&r, dialects[d], dialects[c], p, n, 0, 0, 1) < 0 || r.errors) continue;
        streamed = fold_of(c, text, r.out.buf.n);
        body = str(f_print(source.whole));
        if (!t_int("whole", whole_through(d, c, body, &out), AIGW_OK)) continue;
        whole = f_parse(text, out.buf.n, NULL);
        if (!t_ok("whole is JSON", whole != NULL)) continue;
        normalize(streamed.whole);
        normalize(whole);
        folds++;
        if (!f_equal(streamed.whole, whole)) {
            t_ok("equal", 0);
            printf("  %s to %d\n  streamed %.3000s\n  whole    %.3000s\n", name, c, f_print(streamed.whole), f_print(whole));
        } else t_ok("equal", 1);
    }
}
T(fold_of_the_stream_is_the_whole) {
    each_stream(law_fold, 300000);
    t_ok("folds", folds >= 9);
}

/* ---- requests */

typedef struct { aigw_loss loss; aigw_out out; int code; } sent;

static int send_request(int from, int to, const char *target, aigw_str body, size_t room, size_t out_room, sent *s) {
    static aigw_str pieces[256];
    aigw_arena mem = aigw_base_arena(memory, room);
    aigw_header in_headers[4], headers[16];
    aigw_head head, out_head;
    aigw_req req;
    aigw_fault fault;
    aigw_target t;
    memset(s, 0, sizeof *s);
    memset(&head, 0, sizeof head);
    memset(&out_head, 0, sizeof out_head);
    memset(&fault, 0, sizeof fault);
    memset(&t, 0, sizeof t);
    head.method = str("POST");
    head.target = str(target);
    head.headers = in_headers;
    head.cap = 4;
    out_head.headers = headers;
    out_head.cap = 16;
    aigw_model_loss_init(&s->loss, items, T_COUNT(items));
    aigw_base_out_init(&s->out, text, out_room, pieces, 256);
    s->code = dialects[from]->req_decode(&head, body, &mem, &req, &fault);
    if (s->code < 0) return s->code;
    t.id = t.name = req.model;
    t.dialect = dialects[to];
    t.version = to == A ? str("2023-06-01") : str("");
    t.can = AIGW_CAN(LATE_SYSTEM) | AIGW_CAN(ADAPTIVE_THINKING) | AIGW_CAN(BUDGET_THINKING);
    s->loss.doc = req.body;
    s->code = dialects[to]->req_encode(&req, &t, &mem, &out_head, &s->out, &s->loss);
    if (s->code >= 0) s->code = aigw_base_out_end(&s->out);
    return s->code;
}

static f_json *body_of(const sent *s) {
    f_str b = { NULL, 0, 0 };
    size_t i;
    for (i = 0; i < s->out.n; i++) f_put(&b, s->out.pieces[i].p, s->out.pieces[i].n);
    return f_parse(b.s, b.n, NULL);
}

/* The node at a path of the loss report ("a.b[2]" or ["odd name"]), unlinked from its parent; 0 when it is not there. */
static int unlink_path(f_json *root, const char *path) {
    f_json *at = root, *parent = NULL, *k, **slot;
    const char *p = path;
    while (*p && at) {
        parent = at;
        if (*p == '[' && p[1] == '"') {
            char name[128];
            size_t n = 0;
            for (p += 2; *p && !(*p == '"' && p[1] == ']') && n < 127; p++) name[n++] = *p;
            name[n] = 0;
            if (*p) p += 2;
            at = f_member(at, name);
        } else if (*p == '[') {
            at = f_at(at, strtoul(p + 1, NULL, 10));
            while (*p && *p != ']') p++;
            if (*p) p++;
        } else {
            char name[128];
            size_t n = 0;
            if (*p == '.') p++;
            while (*p && *p != '.' && *p != '[' && n < 127) name[n++] = *p++;
            name[n] = 0;
            at = f_member(at, name);
        }
    }
    if (!at || !parent) return 0;
    for (slot = &parent->kid; *slot != at; slot = &(*slot)->next) {}
    *slot = at->next;
    parent->n--;
    parent->last = NULL;
    for (k = parent->kid; k; k = k->next) parent->last = k;
    return 1;
}

static int covered(const aigw_loss *l, const char *path) {
    size_t i, n;
    for (i = 0; i < l->n; i++) {
        n = strlen(l->items[i].path);
        if (l->items[i].action != AIGW_LOSS_SYNTHESIZED && !strncmp(l->items[i].path, path, n) && (!path[n] || path[n] == '.' || path[n] == '[')) return 1;
    }
    return 0;
}

/* The reviewed list of what may go without a report: '*' is any index. Structure, members at the value that means the same as their absence, what can be told from the
   bytes (types of media), and a wish of one tool that the target knows for all tools together (strict: Gemini's VALIDATED mode). */
static const struct { int dialect; const char *path, *value; } structural[] = {
    { O, "messages[*].content[*].type", NULL }, { O, "messages[*].tool_calls[*].type", NULL }, { O, "tools[*].type", NULL }, { O, "tool_choice.type", NULL }, { O, "response_format.type", NULL },
    { O, "tool_choice", "\"auto\"" }, { O, "stream", NULL }, { O, "stream_options", NULL }, { O, "stream_options.include_usage", NULL }, { O, "stream_options.include_obfuscation", NULL }, { O, "n", "1" },
    { O, "parallel_tool_calls", "true" }, { O, "response_format", "{\"type\":\"text\"}" }, { O, "messages[*].content", "\"\"" }, { O, "model", NULL },
    { O, "messages[*].content[*].image_url.detail", "\"auto\"" }, { O, "tools[*].function.description", "\"\"" }, { O, "tools[*].function.strict", "false" },
    { O, "messages[*].tool_calls[*].function.arguments", "\"{}\"" }, { O, "service_tier", "\"auto\"" }, { O, "service_tier", "\"default\"" }, { O, "tools[*].function.strict", "true" },
    { R, "stream", NULL }, { R, "store", "false" }, { R, "include", NULL }, { R, "include[*]", "\"reasoning.encrypted_content\"" }, { R, "model", NULL },
    { R, "tool_choice", "\"auto\"" }, { R, "tool_choice.tools[*].type", NULL }, { R, "tools[*].strict", NULL }, { R, "tools[*].description", "\"\"" },
    { R, "tools[*].description", "\"Get the current time in a timezone.\"" } /* of a tool that is not among the allowed ones, so that it is not sent */, { R, "text.format.name", "\"response\"" },
    { R, "instructions", "\"\"" }, { R, "input[*].content[*].detail", "\"auto\"" }, { R, "input[*].output[*].detail", "\"auto\"" },
    { A, "messages[*].content[*].type", NULL }, { A, "messages[*].content[*].content[*].type", NULL }, { A, "system[*].type", NULL }, { A, "tools[*].type", "\"custom\"" }, { A, "tool_choice", NULL }, { A, "stream", NULL },
    { A, "model", NULL }, { A, "messages[*].content[*].source.type", NULL }, { A, "messages[*].content[*].is_error", "false" }, { A, "messages[*].content[*].signature", "\"\"" }, { A, "tools[*].description", "\"\"" }, { A, "tools[*].strict", "false" },
    { A, "messages[*].content[*].cache_control.type", NULL }, { A, "system[*].cache_control.type", NULL }, { A, "tools[*].cache_control.type", NULL }, { A, "output_format.type", NULL },
    { A, "output_config.format.type", NULL }, { A, "messages[*].content[*].source.media_type", "\"text/plain\"" }, { A, "service_tier", "\"auto\"" }, { A, "tools[*].strict", "true" },
    { A, "messages[*].content[*].source.media_type", "\"image/png\"" },
    { G, "contents[*].role", NULL }, { G, "systemInstruction.role", NULL }, { G, "toolConfig", NULL }, { G, "toolConfig.functionCallingConfig", NULL },
    { G, "toolConfig.functionCallingConfig.mode", "\"AUTO\"" }, { G, "contents[*].parts[*].functionCall.id", NULL }, { G, "contents[*].parts[*].functionResponse.id", NULL }, { G, "model", NULL },
    { G, "generationConfig.candidateCount", "1" }, { G, "generationConfig.responseMimeType", "\"text/plain\"" },
    { G, "generationConfig.responseMimeType", "\"application/json\"" }, { G, "contents[*].parts[*].inlineData.mimeType", "\"application/pdf\"" }, { G, "generationConfig.responseModalities", "[\"TEXT\"]" }, { G, "contents[*].parts[*].fileData.mimeType", NULL },
    { G, "tools[*].functionDeclarations[*].description", "\"\"" },
    { C, "model", NULL }, { C, "stream", NULL }, { C, "tools[*].type", NULL }, { C, "messages[*].tool_calls[*].type", NULL }, { C, "messages[*].content", "\"\"" },
    { C, "messages[*].content[*].document.id", NULL }, { C, "tools[*].function.description", "\"\"" }, { C, "response_format.type", "\"text\"" },
    { C, "messages[*].tool_calls[*].function.arguments", "\"{}\"" },
    { L, "model", NULL }, { L, "stream", NULL }, { L, "tools[*].type", NULL }, { L, "messages[*].tool_calls[*].type", NULL }, { L, "messages[*].tool_calls[*].id", NULL }, { L, "messages[*].tool_calls[*].function.index", NULL },
    { L, "messages[*].content", "\"\"" }, { L, "messages[*].tool_name", NULL }, { L, "messages[*].tool_call_id", NULL }, { L, "tools[*].function.description", "\"\"" }, { L, "format", "\"\"" }, { L, "raw", "false" },
    { L, "system", "\"\"" }, { L, "template", "\"\"" },
    { B, "messages[*].content[*].cachePoint.type", NULL }, { B, "system[*].cachePoint.type", NULL }, { B, "toolConfig.tools[*].cachePoint.type", NULL },
    { B, "messages[*].content[*].toolResult.status", "\"success\"" }, { B, "messages[*].content[*].document.format", "\"txt\"" }
};

static int is_structural(int d, const char *path, const f_json *value) {
    char stars[512];
    size_t i, n = 0;
    const char *p;
    if (value->type == 'n' || ((value->type == 'a' || value->type == 'o') && !value->kid)) return 1;
    for (p = path; *p && n + 3 < sizeof stars; p++) {
        stars[n++] = *p;
        if (*p == '[' && p[1] >= '0' && p[1] <= '9') {
            stars[n++] = '*';
            while (p[1] && p[1] != ']') p++;
        }
    }
    stars[n] = 0;
    for (i = 0; i < T_COUNT(structural); i++)
        if (structural[i].dialect == d && !strcmp(structural[i].path, stars) && (!structural[i].value || !strcmp(structural[i].value, f_print(value)))) return 1;
    return 0;
}

/* What the target does anyway: Cohere tells whatever was thought. */
static int is_met(int to, const char *path, const f_json *value) {
    return to == C && ((value->type == 't' && (ends(path, ".includeThoughts") || ends(path, ".include_thoughts"))) || !strcmp(path, "reasoning.summary"));
}

typedef struct { int from, to; const char *target, *name; f_json *root, *want; aigw_loss loss; aigw_loss_item kept[64]; int silent, members; } deletion;

/* Every member below j: does deleting it change the output? If not, the report must say so. */
static void delete_members(deletion *x, f_json *j, char *path, size_t n) {
    f_json **slot, *k, *last = j->last;
    size_t i = 0;
    for (slot = &j->kid; *slot; i++) {
        size_t m = n;
        k = *slot;
        if (j->type == 'o') m += (size_t)snprintf(path + n, 400 - n, "%s%s", n ? "." : "", k->key);
        else m += (size_t)snprintf(path + n, 400 - n, "[%lu]", (unsigned long)i);
        if (m > 300) return;
        if (j->type == 'o' && k->type != 'o' && !(k->kid && k->kid->type == 'o') && !covered(&x->loss, path) && !is_structural(x->from, path, k) && !is_met(x->to, path, k)) {
            sent s;
            *slot = k->next;
            j->n--;
            x->members++;
            if (send_request(x->from, x->to, x->target, str(f_print(x->root)), ROOM, ROOM, &s) >= 0 && f_equal(body_of(&s), x->want)) {
                if (x->silent++ < 4) printf("  silent: %s to %s: %s\n", x->name, dialects[x->to]->name.p, path);
                t_ok("what makes no difference is reported or structural", 0);
            }
            *slot = k;
            j->n++;
        }
        if (k->kid && strcmp(k->key ? k->key : "", "schema") && strcmp(k->key ? k->key : "", "parameters") && strcmp(k->key ? k->key : "", "parametersJsonSchema") &&
            strcmp(k->key ? k->key : "", "parameters_json_schema") && strcmp(k->key ? k->key : "", "responseSchema") && strcmp(k->key ? k->key : "", "responseJsonSchema") &&
            strcmp(k->key ? k->key : "", "input_schema") && strcmp(k->key ? k->key : "", "inputSchema") && strcmp(k->key ? k->key : "", "input") && strcmp(k->key ? k->key : "", "args") && strcmp(k->key ? k->key : "", "response"))
            delete_members(x, k, path, m);
        path[n] = 0;
        slot = &(*slot)->next;
    }
    j->last = last;
}

static void law_dropped(int d, const char *name, const char *target, const char *p, size_t n) {
    int to;
    for (to = O; to < DIALECTS; to++) {
        static deletion x;
        char path[512] = "";
        sent s;
        size_t i;
        aigw_str body;
        body.p = p;
        body.n = n;
        x.root = f_parse(p, n, NULL);                                            /* printed afresh, so that white space is no difference */
        if (x.root) body = str(f_print(x.root));
        if (send_request(d, to, target, body, ROOM, ROOM, &s) < 0) continue;      /* refused or bad: other tests' affair */
        memset(&x, 0, sizeof x);
        x.from = d;
        x.to = to;
        x.target = target;
        x.name = name;
        x.want = body_of(&s);
        x.loss = s.loss;
        memcpy(x.kept, items, sizeof x.kept);
        x.loss.items = x.kept;
        if (!t_ok("output is JSON", x.want != NULL)) continue;
        for (i = 0; i < x.loss.n; i++) {
            if (x.kept[i].action != AIGW_LOSS_DROPPED) continue;
            x.root = f_parse(p, n, NULL);
            if (!unlink_path(x.root, x.kept[i].path)) {
                printf("  %s to %s: %s\n", name, dialects[to]->name.p, x.kept[i].path);
                t_ok("a dropped path is in the input", 0);
                continue;
            }
            if (send_request(d, to, target, str(f_print(x.root)), ROOM, ROOM, &s) >= 0) {
                f_json *got = body_of(&s);
                if (!t_ok("deleting what was dropped changes nothing", f_equal(got, x.want)))
                    printf("  %s to %s: %s\n  with    %.1500s\n  without %.1500s\n", name, dialects[to]->name.p, x.kept[i].path, f_print(x.want), f_print(got));
            }
        }
        x.root = f_parse(p, n, NULL);
        if (n < 12000) delete_members(&x, x.root, path, 0);
        f_free();
    }
}

typedef void (*request_fn)(int d, const char *name, const char *target, const char *p, size_t n);

static int each_request(request_fn f) {
    size_t i;
    int n = 0;
    for (i = 0; i < T_COUNT(own_requests); i++, n++) {
        size_t len = strlen(own_requests[i].body);
        t_row("own");
        f((int)i, "own", own_requests[i].target, t_dup(own_requests[i].body, len), len);
        f_free();
        t_free_all();
    }
    for (i = 0; i < T_COUNT(families); i++) {
        static const char *const own[] = { "openai-chat", "anthropic", "gemini", "cohere", "ollama", "bedrock-converse", "" };
        char path[512];
        DIR *dir;
        struct dirent *e;
        if (families[i].dialect != R && strcmp(families[i].folder, own[families[i].dialect]) && strcmp(families[i].folder, "ollama-generate")) continue;
        snprintf(path, sizeof path, "wire/%s", families[i].folder);
        dir = opendir(t_shared(path));
        while (dir && (e = readdir(dir)) != NULL) {
            char name[512], target[512];
            t_bytes b, meta;
            f_json *m, *v;
            if (!ends(e->d_name, ".request.json")) continue;
            snprintf(name, sizeof name, "wire/%s/%.380s", families[i].folder, e->d_name);
            b = t_file(t_shared(name));
            snprintf(path, sizeof path, "wire/%s/%.*s.meta.json", families[i].folder, (int)(strlen(e->d_name) - 13), e->d_name);
            meta = t_file(t_shared(path));
            m = f_parse(meta.p, meta.n, NULL);
            v = f_get(m, "request.path");
            snprintf(target, sizeof target, "%s", v && v->type == 's' ? v->s : own_requests[families[i].dialect].target);
            if (b.n < 300000) {
                t_row(name);
                f(families[i].dialect, name, target, b.p, b.n);
                n++;
            }
            f_free();
            t_free_all();
        }
        if (dir) closedir(dir);
    }
    t_row(NULL);
    return n;
}
T(dropped_means_that_deleting_changes_nothing) { t_ok("requests", each_request(law_dropped) >= 3); }

/* ---- law: what no report names comes back: A -> model -> B -> model -> A, compared in the model */

static f_json *canonical(int d, const char *target, aigw_str body, int *code) {
    static char room[1 << 20];
    aigw_arena mem = aigw_base_arena(memory, ROOM);
    aigw_header headers[4];
    aigw_head head;
    aigw_req req;
    aigw_fault fault;
    aigw_out out;
    memset(&head, 0, sizeof head);
    memset(&fault, 0, sizeof fault);
    head.method = str("POST");
    head.target = str(target);
    head.headers = headers;
    head.cap = 4;
    *code = dialects[d]->req_decode(&head, body, &mem, &req, &fault);
    if (*code < 0) {
        printf("  %s: %s at %lu\n", fault.path, fault.text ? fault.text : "", (unsigned long)fault.at);
        return NULL;
    }
    aigw_base_out_init(&out, room, sizeof room, NULL, 0);
    *code = aigw_model_req_encode(&req, &out);
    return *code < 0 ? NULL : f_parse(room, out.buf.n, NULL);
}

static void remove_member(f_json *o, const char *name) {
    f_json **slot, *k;
    for (slot = o ? &o->kid : NULL; slot && *slot; )
        if (!strcmp((*slot)->key, name)) {
            *slot = (*slot)->next;
            o->n--;
        } else slot = &(*slot)->next;
    if (o) for (o->last = NULL, k = o->kid; k; k = k->next) o->last = k;
}

/* A text is a text, whatever it was called; a text document without a title is its text; its id only says in citations which it was. */
static void comparable_document(f_json *part) {
    f_json *data = f_member(part, "json");
    if (f_is(f_member(part, "kind"), "text")) remove_member(part, "name");                   /* Cohere's plan of calls is text elsewhere */
    if (!f_is(f_member(part, "kind"), "file") || !f_is(f_member(part, "source"), "text")) return;
    remove_member(part, "id");
    if (f_member(part, "name")) return;
    remove_member(part, "source");
    remove_member(part, "json");
    f_set(part, "kind", f_string("text", 4));
    if (data) f_set(part, "text", f_string(f_print(data), strlen(f_print(data))));
}
/* A text file is sent as its words where the target has a form for them. */
static void text_as_words(f_json *p) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const f_json *mime = f_member(p, "mime"), *data = f_member(p, "text");
    f_str b = { NULL, 0, 0 };
    unsigned v = 0, bits = 0;
    size_t i;
    if (!f_is(f_member(p, "source"), "bytes") || !mime || strncmp(mime->s, "text/", 5) || !data) return;
    for (i = 0; i < data->n && data->s[i] != '='; i++) {
        v = v << 6 | (unsigned)(strchr(digits, data->s[i]) - digits);
        bits += 6;
        if (bits >= 8) {
            char c = (char)(v >> (bits - 8));
            f_put(&b, &c, 1);
            bits -= 8;
        }
    }
    f_set(p, "source", f_string("text", 4));
    f_set(p, "text", f_string(b.s, b.n));
}

/* The model's freedom: neighbours of one role are one message; developer is system; made ids and helper fields are nobody's wish. */
/* Ids of calls by the order in which they come: what they are is nobody's wish, as long as call and result have the same. */
static void number_ids(f_json *parts, const char *seen[], size_t *n) {
    f_json *p, *id;
    for (p = parts ? parts->kid : NULL; p; p = p->next) {
        char name[24];
        size_t i = 0;
        if (!(id = f_member(p, "id")) || (!f_is(f_member(p, "kind"), "tool_call") && !f_is(f_member(p, "kind"), "tool_result"))) continue;
        while (i < *n && strcmp(seen[i], id->s)) i++;
        if (i == *n && *n < 256) seen[(*n)++] = id->s;
        f_set(p, "id", f_string(name, (size_t)sprintf(name, "id%lu", (unsigned long)i)));
    }
}
static void comparable(f_json *c, const f_json *first) {
    static const char *const helpers[] = { "raw", "dialect", "array", "prompt", "model", "op" };
    f_json *m, *prev = NULL, **slot, *p, *messages = f_member(c, "messages"), *param = f_member(c, "param");
    const char *seen[256];
    size_t i, ids = 0;
    for (i = 0; i < T_COUNT(helpers); i++) remove_member(c, helpers[i]);
    remove_member(param, "stream");
    remove_member(param, "stream_usage");
    if (!f_get(first, "param.max_output")) remove_member(param, "max_output");
    if (!f_get(first, "param.reasoning_mode")) remove_member(param, "reasoning_mode");     /* effort alone implies it elsewhere, and thinking that is enabled is shown */
    if (!f_get(first, "param.reasoning_show")) remove_member(param, "reasoning_show");
    if (f_get(first, "param.n") && f_get(first, "param.n")->s && !strcmp(f_get(first, "param.n")->s, "1")) remove_member(param, "n");
    for (m = f_member(c, "tools") ? f_member(c, "tools")->kid : NULL; m; m = m->next) remove_member(m, "strict");      /* Gemini knows it for all tools together, as a mode */
    if (f_is(f_member(c, "choice"), "auto") && !f_member(c, "choice_names")) remove_member(c, "choice");       /* as when nothing is said */
    for (slot = messages ? &messages->kid : NULL; slot && (m = *slot) != NULL; ) {
        number_ids(f_member(m, "parts"), seen, &ids);
        for (p = f_member(m, "parts") ? f_member(m, "parts")->kid : NULL; p; p = p->next) {
            f_json *q = f_member(p, "parts");
            remove_member(p, "no_id");
            text_as_words(p);
            comparable_document(p);
            for (q = q ? q->kid : NULL; q; q = q->next) {
                remove_member(q, "no_id");
                comparable_document(q);
            }
            if (f_is(f_member(p, "kind"), "tool_result")) remove_member(p, "name");     /* told by the id of the call */
        }
        if (f_is(f_member(m, "role"), "developer")) f_set(m, "role", f_string("system", 6));
        if (prev && f_equal(f_member(prev, "role"), f_member(m, "role"))) {
            for (p = f_member(m, "parts")->kid; p; p = p->next) f_add(f_member(prev, "parts"), f_copy(p));
            *slot = m->next;
            messages->n--;
            continue;
        }
        prev = m;
        slot = &m->next;
    }
    normalize(c);
}

/* Ollama keeps the images of a message apart from its words, and their types are told from the bytes. */
static void images_first(f_json *c) {
    f_json *m, *p, *next;
    for (m = f_member(c, "messages") ? f_member(c, "messages")->kid : NULL; m; m = m->next) {
        f_json *parts = f_member(m, "parts"), *images = f_new('a'), *rest = f_new('a');
        for (p = parts ? parts->kid : NULL; p; p = next) {
            next = p->next;
            if (f_is(f_member(p, "kind"), "image")) remove_member(p, "mime");
            f_add(f_is(f_member(p, "kind"), "image") ? images : rest, p);
        }
        for (p = rest->kid; p; p = next) {
            next = p->next;
            f_add(images, p);
        }
        if (parts) f_set(m, "parts", images);
    }
}

static int trips, whole_trips;

/* Losses, and helpers that the target needs and the source did not say (a document's name, a first user turn); max_tokens, the usage switch, and that nothing is stored are nobody's wish. */
static uint32_t changes(const aigw_loss *l) {
    uint32_t n = l->count[AIGW_LOSS_DROPPED] + l->count[AIGW_LOSS_APPROXIMATED];
    size_t i;
    for (i = 0; i < l->n; i++)
        n += l->items[i].action == AIGW_LOSS_SYNTHESIZED && strcmp(l->items[i].path, "max_tokens") && strncmp(l->items[i].path, "stream_options", 14) &&
             strcmp(l->items[i].path, "store") && strcmp(l->items[i].path, "include");
    return n;
}

static void law_round_trip(int d, const char *name, const char *target, const char *p, size_t n) {
    int b;
    aigw_str body;
    body.p = p;
    body.n = n;
    for (b = O; b < DIALECTS; b++) {
        f_json *before, *after;
        aigw_str there, back;
        uint32_t lost;
        sent s;
        int code;
        if (n > 200000 || send_request(d, b, target, body, ROOM, ROOM, &s) < 0) continue;
        lost = changes(&s.loss);
        there = str(f_print(body_of(&s)));
        if (!t_int("what was written can be read", send_request(b, d, own_requests[b].target, there, ROOM, ROOM, &s), AIGW_OK)) continue;
        lost += changes(&s.loss);
        back = str(f_print(body_of(&s)));
        trips++;
        if (lost) continue;                                    /* what is lost is the other law's affair */
        before = canonical(d, target, body, &code);
        after = canonical(d, own_requests[d].target, back, &code);
        if (!t_ok("both ends read", before && after)) continue;
        if (f_get(before, "tools[openapi]") || f_get(before, "format.openapi")) continue;   /* another schema language: the same schema in other words */
        whole_trips++;
        comparable(after, before);
        comparable(before, before);
        if (b == L) images_first(before);
        if (b == L) images_first(after);
        if (!t_ok("nothing reported, nothing changed", f_equal(before, after)))
            printf("  %s by %s\n  before %.2500s\n  after  %.2500s\n", name, dialects[b]->name.p, f_print(before), f_print(after));
    }
}
T(what_no_report_names_comes_back) {
    t_ok("requests", each_request(law_round_trip) >= 3);
    printf("round trips: %d, without any loss %d\n", trips, whole_trips);
}

/* ---- law: every memory size, from 0, is enough or says so */

static void law_memory(int d, const char *name, const char *target, const char *p, size_t n) {
    size_t room, want_n;
    char *want;
    int to = (int)t_below(DIALECTS);
    sent s;
    aigw_str body;
    if (strcmp(name, "own")) return;
    body.p = p;
    body.n = n;
    if (!t_int("enough", send_request(d, to, target, body, ROOM, ROOM, &s), AIGW_OK)) return;
    want_n = s.out.bytes;
    want = f_print(body_of(&s));
    for (room = 0; room < 12000; room += room < 400 ? 1 : 61) {
        int code = send_request(d, to, target, body, room, ROOM, &s);
        if (!t_ok("arena: fits or says so", code == AIGW_OK || code == AIGW_E_NOMEM)) return;
        if (code == AIGW_OK && !t_str("arena: same output", f_print(body_of(&s)), strlen(f_print(body_of(&s))), want)) return;
    }
    for (room = 0; room <= want_n + 64; room++) {
        int code = send_request(d, to, target, body, ROOM, room, &s);
        if (!t_ok("output: fits or says so", code == AIGW_OK || code == AIGW_E_NOMEM)) return;
        if (code == AIGW_OK && room % 16 == 0 && !t_str("output: same", f_print(body_of(&s)), strlen(f_print(body_of(&s))), want)) return;
    }
    t_int("in the end it fits", s.code, AIGW_OK);
}
T(every_memory_size) { each_request(law_memory); }

int main(void) {
    memory = (unsigned char *)malloc(ROOM);
    text = (char *)malloc(ROOM);
    hold = (char *)malloc(ROOM);
    if (!memory || !text || !hold) return 1;
    T_RUN(every_stream_ends_once);
    T_RUN(splits_change_nothing);
    T_RUN(a_cut_never_looks_finished);
    T_RUN(fold_of_the_stream_is_the_whole);
    T_RUN(dropped_means_that_deleting_changes_nothing);
    T_RUN(what_no_report_names_comes_back);
    T_RUN(every_memory_size);
    free(memory);
    free(text);
    free(hold);
    return t_end();
}
