/* SPDX-License-Identifier: MIT OR Unlicense */
/* Families: every row of the table is well-formed; what each asks for is written and edited by the one reader of rules; a server that is not in the
   table needs configuration only; ids come back; the recorded requests of each family pass through it unharmed. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"
#include "world.h"

static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
static char memory[1 << 20], scratch[1 << 20], text[1 << 20];
static aigw_header fields[32];
static aigw_loss_item items[64];
static aigw_loss loss;
static aigw_head head;
static aigw_req req;
static aigw_str str(const char *s) { return aigw_base_str(s); }

static const aigw_dialect *dialect_of(aigw_str name) {
    size_t i;
    for (i = 0; i < T_COUNT(dialects); i++)
        if (aigw_base_eq(dialects[i]->name, name)) return dialects[i];
    return NULL;
}
static aigw_target target(const aigw_family *f, const char *base, const char *id, const char *version) {
    aigw_target to;
    memset(&to, 0, sizeof to);
    to.name = to.id = str(id);
    to.provider = f->name;
    to.dialect = dialect_of(f->dialect);
    to.family = f;
    to.base = str(base);
    to.version = str(version);
    to.no = f->no;
    to.efforts = f->efforts;
    return to;
}
/* Decode `body` as a client's of `from`, write it for the target; same dialect: edit it. The written body, NUL-terminated; NULL when it was refused. */
static const char *send_to(const aigw_dialect *from, const char *target_line, const char *body, const aigw_target *to) {
    static aigw_str lines[2];
    aigw_arena a = aigw_base_arena(memory, sizeof memory), mem = aigw_base_arena(scratch, sizeof scratch);
    static aigw_head in;
    static aigw_header in_fields[4];
    aigw_fault fault;
    aigw_str whole;
    aigw_out out;
    int r;
    memset(&in, 0, sizeof in);
    in.headers = in_fields;
    in.cap = 4;
    in.method = str("POST");
    in.target = lines[0] = str(target_line);
    whole.n = strlen(body);
    whole.p = t_dup(body, whole.n);
    if (!t_int("decode", from->req_decode(&in, whole, &a, &req, &fault), AIGW_OK)) return NULL;
    memset(&head, 0, sizeof head);
    head.headers = fields;
    head.cap = T_COUNT(fields);
    aigw_model_loss_init(&loss, items, T_COUNT(items));
    loss.doc = whole;
    aigw_base_out_init(&out, text, sizeof text - 1, NULL, 0);
    r = aigw_dialect_request(&req, to, &mem, &head, &out, &loss);
    if (r == AIGW_E_REFUSED) return NULL;
    t_int("encode", r, AIGW_OK);
    t_int("end", aigw_base_out_end(&out), AIGW_OK);
    text[out.buf.n] = 0;
    t_int("JSON", aigw_json_check(aigw_base_out_str(&out), 0), AIGW_OK);
    return text;
}
static const char *chat(const aigw_family *f, const char *base, const char *body) {
    aigw_target to = target(f, base, "m", "");
    return send_to(&aigw_dialect_openai, "/v1/chat/completions", body, &to);
}
/* "path action; ..." of what was reported. */
static const char *losses(void) {
    static char s[4096];
    size_t i, n = 0;
    s[0] = 0;
    for (i = 0; i < loss.n; i++) n += (size_t)snprintf(s + n, sizeof s - n, "%s%s %s", n ? "; " : "", items[i].path, aigw_model_loss_name(items[i].action));
    return s;
}
static int has(const char *s, const char *what) { return s && strstr(s, what) != NULL; }

/* ---- the table itself */

/* The family of each recorded directory, and how many of its requests must be there. */
static const char *const words_of_rules = "-~!<>*#=:@+/";
T(rows_are_well_formed) {
    const aigw_family *f;
    aigw_str rule;
    size_t i, k, sign;
    for (i = 0; (f = aigw_family_at(i)) != NULL; i++) {
        aigw_registry_provider p;
        t_row(f->name.p);
        t_ok("found by its name", aigw_family_of(f->name) == f);
        t_ok("a dialect", f->dialect.n > 0);
        memset(&p, 0, sizeof p);
        if (f->url.n) t_int("its URL", aigw_registry_url(f->url, &p), AIGW_OK);
        for (k = 0; k < f->env.n; k++) t_ok("names of keys", (f->env.p[k] >= 'A' && f->env.p[k] <= 'Z') || f->env.p[k] == '_' || f->env.p[k] == ' ');
        if (f->path.n) t_ok("a path", f->path.p[0] == '/' || aigw_base_find(f->path, str("{post}"), 0) == 0);
        for (k = 0; aigwi_family_next(f, &k, &rule); ) {                       /* path, sign, argument */
            for (sign = 0; sign < rule.n && !strchr(words_of_rules, rule.p[sign]); sign++) {
                char c = rule.p[sign];
                t_ok("a name or a path", (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || (c >= '0' && c <= '9'));
            }
            if (!t_ok("a sign", sign > 0 && sign < rule.n)) continue;
            if (strchr("<>@", rule.p[sign])) t_ok("a number", sign + 1 < rule.n && rule.p[sign + 1] >= '0' && rule.p[sign + 1] <= '9');
            if (strchr("-~!*#", rule.p[sign])) t_int("nothing behind it", (int)(rule.n - sign), 1);
            if (rule.p[sign] == '+') t_int("JSON", aigw_json_check(aigwi_dialect_slice(rule.p + sign + 1, rule.n - sign - 1), 0), AIGW_OK);
        }
    }
    t_row(NULL);
    t_ok("all that were asked for", i >= 28);
    t_ok("unknown", !aigw_family_of(str("nobody")) && !aigw_family_at(i));
}

/* ---- requests: one row per quirk. `edit`: what an OpenAI client's own bytes become; `written`: what an Anthropic client's request becomes. */

#define ONE "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
static const struct { const char *label, *family, *body, *want, *lost; } edits[] = {
    { "nothing to change: the client's bytes", "groq", "{ \"model\" : \"m\", " ONE ", \"temperature\": 0.5 }", "{ \"model\" : \"m\", " ONE ", \"temperature\": 0.5 }", "" },
    { "output limit renamed", "mistral", "{\"model\":\"m\",\"max_completion_tokens\":5," ONE "}", "{\"model\":\"m\",\"max_tokens\":5," ONE "}", "max_tokens synthesized" },
    { "its own name is left", "mistral", "{\"model\":\"m\",\"max_tokens\":5," ONE "}", "{\"model\":\"m\",\"max_tokens\":5," ONE "}", "" },
    { "both names: said once", "mistral", "{\"model\":\"m\",\"max_tokens\":4,\"max_completion_tokens\":5," ONE "}", "{\"model\":\"m\",\"max_tokens\":5," ONE "}", "max_tokens synthesized" },
    { "seed", "mistral", "{\"model\":\"m\",\"seed\":7," ONE "}", "{\"model\":\"m\",\"random_seed\":7," ONE "}", "random_seed synthesized" },
    { "clamped", "mistral", "{\"model\":\"m\",\"temperature\":1.9," ONE "}", "{\"model\":\"m\",\"temperature\":1.5," ONE "}", "temperature approximated" },
    { "within the range", "mistral", "{\"model\":\"m\",\"temperature\":1.50," ONE "}", "{\"model\":\"m\",\"temperature\":1.50," ONE "}", "" },
    { "no stream_options", "mistral", "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}," ONE "}", "{\"model\":\"m\",\"stream\":true," ONE "}", "stream_options dropped" },
    { "and none added", "mistral", "{\"model\":\"m\",\"stream\":true," ONE "}", "{\"model\":\"m\",\"stream\":true," ONE "}", "" },
    { "its own members pass", "mistral", "{\"model\":\"m\",\"safe_prompt\":true," ONE "}", "{\"model\":\"m\",\"safe_prompt\":true," ONE "}", "" },
    { "null says nothing", "mistral", "{\"model\":\"m\",\"logit_bias\":null," ONE "}", "{\"model\":\"m\"," ONE "}", "" },
    { "ids of nine", "mistral", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"abcDEF123\",\"type\":\"function\","
      "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"abcDEF123\",\"content\":\"1\"}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"abcDEF123\",\"type\":\"function\","
      "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"abcDEF123\",\"content\":\"1\"}]}", "" },
    { "developer, name and reasoning", "mistral", "{\"model\":\"m\",\"messages\":[{\"role\":\"developer\",\"content\":\"d\"},{\"role\":\"user\",\"name\":\"bob\",\"content\":\"x\"},"
      "{\"role\":\"assistant\",\"content\":\"y\",\"reasoning_content\":\"z\",\"refusal\":null},{\"role\":\"user\",\"content\":\"w\"}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"d\"},{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\"},{\"role\":\"user\",\"content\":\"w\"}]}",
      "messages.role synthesized; messages[1].name dropped; messages[2].reasoning_content dropped" },
    { "prefix passes", "mistral", "{\"model\":\"m\",\"seed\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\",\"prefix\":true}]}",
      "{\"model\":\"m\",\"random_seed\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\",\"prefix\":true}]}", "random_seed synthesized" },
    { "groq: reasoning renamed", "groq", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\",\"reasoning_content\":\"z\"},{\"role\":\"user\",\"content\":\"w\"}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\",\"reasoning\":\"z\"},{\"role\":\"user\",\"content\":\"w\"}]}",
      "reasoning synthesized" },
    { "groq: n of 1 is fine", "groq", "{\"model\":\"m\",\"n\":1," ONE "}", "{\"model\":\"m\"," ONE "}", "" },
    { "groq: n of 2 is refused", "groq", "{\"model\":\"m\",\"n\":2," ONE "}", NULL, "n refused" },
    { "groq: logprobs", "groq", "{\"model\":\"m\",\"logprobs\":true,\"top_logprobs\":3," ONE "}", "{\"model\":\"m\"," ONE "}", "logprobs dropped; top_logprobs dropped" },
    { "deepseek: thinking off", "deepseek", "{\"model\":\"m\",\"reasoning_effort\":\"none\"," ONE "}", "{\"model\":\"m\",\"thinking\":{\"type\":\"disabled\"}," ONE "}", "reasoning_effort synthesized" },
    { "together: logprobs is a number", "together", "{\"model\":\"m\",\"logprobs\":true,\"top_logprobs\":3," ONE "}", "{\"model\":\"m\",\"logprobs\":3," ONE "}", "logprobs synthesized" },
    { "together: true alone", "together", "{\"model\":\"m\",\"logprobs\":true," ONE "}", "{\"model\":\"m\",\"logprobs\":1," ONE "}", "" },
    { "together: false", "together", "{\"model\":\"m\",\"logprobs\":false," ONE "}", "{\"model\":\"m\"," ONE "}", "" },
    { "fireworks: added", "fireworks", "{\"model\":\"m\"," ONE "}", "{\"model\":\"m\"," ONE ",\"context_length_exceeded_behavior\":\"error\"}", "context_length_exceeded_behavior synthesized" },
    { "fireworks: there already", "fireworks", "{\"model\":\"m\",\"context_length_exceeded_behavior\":\"truncate\"," ONE "}", "{\"model\":\"m\",\"context_length_exceeded_behavior\":\"truncate\"," ONE "}", "" },
    { "openrouter: marks for the cache", "openrouter", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\",\"prompt_cache_breakpoint\":{\"mode\":\"explicit\"}}]}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\",\"cache_control\":{\"type\":\"ephemeral\"}}]}]}", "cache_control synthesized" },
    { "padding switch", "xai", "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true,\"include_obfuscation\":false}," ONE "}",
      "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}," ONE "}", "stream_options.include_obfuscation dropped" },
    { "usage switch added", "xai", "{\"model\":\"m\",\"stream\":true," ONE "}", "{\"model\":\"m\",\"stream\":true," ONE ",\"stream_options\":{\"include_usage\":true}}", "stream_options.include_usage synthesized" },
    { "xai: eight at most", "xai", "{\"model\":\"m\",\"top_logprobs\":20," ONE "}", "{\"model\":\"m\",\"top_logprobs\":8," ONE "}", "top_logprobs approximated" },
    { "ollama: a URL is refused", "ollama-openai", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y.png\"}}]}]}", NULL,
      "messages[0].content[0].image_url.url refused" },
    { "ollama: bytes are not", "ollama-openai", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AAAA\"}}]}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AAAA\"}}]}]}", "" },
    { "gemini's endpoint knows no seed", "gemini-openai", "{\"model\":\"m\",\"seed\":1," ONE "}", "{\"model\":\"m\"," ONE "}", "seed dropped" },
    { "perplexity: web search is its own", "perplexity", "{\"model\":\"m\",\"web_search_options\":{\"search_context_size\":\"low\"}," ONE "}",
      "{\"model\":\"m\",\"web_search_options\":{\"search_context_size\":\"low\"}," ONE "}", "" },
    { "vllm: top_k passes", "vllm", "{\"model\":\"m\",\"top_k\":5," ONE "}", "{\"model\":\"m\",\"top_k\":5," ONE "}", "" },
};
T(edits_of_a_clients_own_body) {
    size_t i;
    for (i = 0; i < T_COUNT(edits); i++) {
        const aigw_family *f = aigw_family_of(str(edits[i].family));
        const char *got;
        t_row(edits[i].label);
        if (!t_ok("family", f != NULL)) continue;
        got = chat(f, "/v1", edits[i].body);
        if (edits[i].want) t_str("body", got ? got : "(refused)", got ? strlen(got) : 9, edits[i].want);
        else t_ok("refused", got == NULL);
        t_str("report", losses(), strlen(losses()), edits[i].lost);
    }
}
/* An Anthropic client's request, written for OpenAI's accents. */
static const struct { const char *label, *family, *body, *there, *gone, *lost; } written[] = {
    { "mistral", "mistral", "\"temperature\":1.0,\"top_k\":7,\"max_tokens\":9", "\"max_tokens\":9", "max_completion_tokens", NULL },
    { "mistral takes top_k", "mistral", "\"top_k\":7,\"max_tokens\":9", "\"top_k\":7", "stream_options", "" },
    { "openai does not", "openai", "\"top_k\":7,\"max_tokens\":9", "\"max_completion_tokens\":9", "top_k", "top_k dropped" },
    { "groq's system", "groq", "\"system\":\"s\",\"max_tokens\":9", "{\"role\":\"system\",\"content\":\"s\"}", "developer", "" },
    { "user id", "deepseek", "\"metadata\":{\"user_id\":\"u\"},\"max_tokens\":9", "\"max_tokens\":9", "\"u\"", "metadata.user_id dropped" },
    { "cache marks", "cerebras", "\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"max_tokens\":9", "\"text\":\"s\"", "cache", "system[0].cache_control dropped" },
    { "openrouter's marks", "openrouter", "\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"max_tokens\":9",
      "\"cache_control\":{\"type\":\"ephemeral\"}", "prompt_cache", "" },
    { "fireworks", "fireworks", "\"max_tokens\":9", "\"context_length_exceeded_behavior\":\"error\"", "xyz", "context_length_exceeded_behavior synthesized" },
    { "thinking off", "deepseek", "\"thinking\":{\"type\":\"disabled\"},\"max_tokens\":9", "\"thinking\":{\"type\":\"disabled\"}", "reasoning_effort", NULL },
    { "effort to the words that it has", "deepseek", "\"output_config\":{\"effort\":\"medium\"},\"max_tokens\":9", "\"reasoning_effort\":\"high\"", "medium", "output_config.effort approximated" },
    { "stream without the switch", "mistral", "\"stream\":true,\"max_tokens\":9", "\"stream\":true", "stream_options", "" },
    { "stream with it", "groq", "\"stream\":true,\"max_tokens\":9", "\"stream_options\":{\"include_usage\":true}", "xyz", "stream_options.include_usage synthesized" },
};
T(requests_written_for_a_family) {
    char body[1024];
    size_t i;
    for (i = 0; i < T_COUNT(written); i++) {
        const aigw_family *f = aigw_family_of(str(written[i].family));
        aigw_target to = target(f, "/v1", "m", "");
        const char *got;
        snprintf(body, sizeof body, "{\"model\":\"x\"," ONE ",%s}", written[i].body);
        t_row(written[i].label);
        got = send_to(&aigw_dialect_anthropic, "/v1/messages", body, &to);
        t_ok("there", has(got, written[i].there));
        t_ok("not there", got && !strstr(got, written[i].gone));
        if (written[i].lost) t_str("report", losses(), strlen(losses()), written[i].lost);
    }
}
/* What a family has no form for is refused where the answer would be wrong without it. */
T(refusals_of_a_family) {
    const char *schema = "{\"model\":\"x\"," ONE ",\"max_tokens\":9,\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"}}}}";
    const char *forced = "{\"model\":\"x\"," ONE ",\"max_tokens\":9,\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"any\"}}";
    const char *image = "{\"model\":\"x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://x/y.png\"}}]}]}";
    aigw_target to = target(aigw_family_of(str("deepseek")), "", "m", "");
    t_ok("a schema at DeepSeek", !send_to(&aigw_dialect_anthropic, "/v1/messages", schema, &to));
    to = target(aigw_family_of(str("ollama-openai")), "", "m", "");
    t_ok("a forced tool at Ollama", !send_to(&aigw_dialect_anthropic, "/v1/messages", forced, &to));
    t_ok("an image by URL at Ollama", !send_to(&aigw_dialect_anthropic, "/v1/messages", image, &to));
    to = target(aigw_family_of(str("vllm")), "", "m", "");
    t_ok("not so at vLLM", has(send_to(&aigw_dialect_anthropic, "/v1/messages", image, &to), "https://x/y.png"));
}

/* What a family's models cannot do counts for its own dialect's clients too: their bytes are not just passed on. */
T(limits_hold_for_a_clients_own_body) {
    static const char schema[] = "{\"model\":\"x\"," ONE ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"s\",\"schema\":{\"type\":\"object\"}}}}";
    static const char forced[] = "{\"model\":\"x\"," ONE ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}}],\"tool_choice\":\"required\"}";
    static const char effort[] = "{\"model\":\"x\"," ONE ",\"reasoning_effort\":\"xhigh\"}";
    aigw_target to = target(aigw_family_of(str("deepseek")), "", "m", "");
    t_ok("a schema at DeepSeek", !send_to(&aigw_dialect_openai, "/v1/chat/completions", schema, &to));
    t_ok("an effort that it does not know", has(send_to(&aigw_dialect_openai, "/v1/chat/completions", effort, &to), "\"reasoning_effort\":\"max\""));
    t_ok("reported", strstr(losses(), "reasoning_effort approximated") != NULL);
    to = target(aigw_family_of(str("ollama-openai")), "", "m", "");
    t_ok("a forced tool at Ollama", !send_to(&aigw_dialect_openai, "/v1/chat/completions", forced, &to));
    to = target(aigw_family_of(str("vllm")), "", "m", "");
    t_ok("not so at vLLM", has(send_to(&aigw_dialect_openai, "/v1/chat/completions", forced, &to), "\"tool_choice\":\"required\""));
}

/* A turn that goes on with tool results and began without Anthropic's own thought is a 400 there with a budget. */
T(a_budget_needs_a_signed_thought) {
#define CALL "\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}"
#define RESULT "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"r\"}"
    static const struct { const char *label, *messages; int thinks; } rows[] = {
        { "a call without a thought", "{\"role\":\"assistant\",\"content\":null," CALL "," RESULT, 0 },
        { "the turn is over", "{\"role\":\"assistant\",\"content\":null," CALL "," RESULT ",{\"role\":\"user\",\"content\":\"go on\"}", 1 },
        { "words only", "{\"role\":\"assistant\",\"content\":\"a\"}", 1 },
    };
    aigw_target to = target(aigw_family_of(str("anthropic")), "", "m", "");
    to.can = AIGW_CAN(BUDGET_THINKING);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char body[1024];
        const char *got;
        t_row(rows[i].label);
        snprintf(body, sizeof body, "{\"model\":\"m\",\"max_completion_tokens\":20000,\"reasoning_effort\":\"high\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"},%s]}",
                 rows[i].messages);
        got = send_to(&aigw_dialect_openai, "/v1/chat/completions", body, &to);
        t_int("a budget", has(got, "budget_tokens"), rows[i].thinks);
        t_int("reported", strstr(losses(), "reasoning_effort dropped") != NULL, !rows[i].thinks);
    }
}

/* ---- ids of nine letters and digits */

T(ids_of_nine_are_mapped_and_come_back) {
    static const char *const ids[] = { "call_0123456789abcdef", "toolu_01A09q90qw90lq917835lq9", "abcDEF123", "12345678", "1234567890", "call-9---", "x" };
    static char frame[4096], mem[4096];
    const aigw_family *f = aigw_family_of(str("mistral"));
    aigw_target to = target(f, "/v1", "m", "");
    size_t i, k;
    for (i = 0; i < T_COUNT(ids); i++) {
        char body[1024], sent[2][16];
        const char *got, *p;
        aigw_dec dec;
        aigw_resp resp;
        aigw_fold fold;
        aigw_sink sink = { aigw_model_fold_put, NULL };
        aigw_arena folded = aigw_base_arena(mem + 2048, 2048);
        int way;
        t_row(ids[i]);
        for (way = 0; way < 2; way++) {
            snprintf(body, sizeof body, way ? "{\"model\":\"m\",\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"f\",\"input\":{}}]},"
                     "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"%s\",\"content\":\"1\"}]}]}"
                     : "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"%s\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
                     "{\"role\":\"tool\",\"tool_call_id\":\"%s\",\"content\":\"1\"}]}", ids[i], ids[i]);
            got = way ? send_to(&aigw_dialect_anthropic, "/v1/messages", body, &to) : send_to(&aigw_dialect_openai, "/v1/chat/completions", body, &to);
            p = got ? strstr(got, "\"id\":\"") : NULL;
            if (!t_ok("an id", p != NULL)) return;
            p += 6;
            for (k = 0; p[k] && p[k] != '"'; k++) t_ok("letters and digits", (p[k] >= 'a' && p[k] <= 'z') || (p[k] >= 'A' && p[k] <= 'Z') || (p[k] >= '0' && p[k] <= '9'));
            t_int("nine of them", (long long)k, 9);
            memcpy(sent[way], p, 9);
            sent[way][9] = 0;
            p = strstr(got, "\"tool_call_id\":\"");
            t_ok("call and result name each other", p && !strncmp(p + 16, sent[way], 9));
        }
        t_str("the same from either client", sent[0], 9, sent[1]);
        if (strlen(ids[i]) == 9 && !strchr(ids[i], '-')) t_str("as it is where it fits", sent[0], 9, ids[i]);
        /* the provider names that call again: the client reads its own id, in fragments that repeat it too */
        for (way = 0; way < 2; way++) {
            aigw_str frame_s, name = { NULL, 0 };
            memset(&dec, 0, sizeof dec);
            dec.dialect = to.dialect;
            dec.req = &req;
            dec.family = f;
            dec.mem = aigw_base_arena(mem, 2048);
            aigw_dialect_dec_init(&dec);
            memset(&resp, 0, sizeof resp);
            folded = aigw_base_arena(mem + 2048, 2048);
            aigw_model_fold_init(&fold, &resp, &folded, 1);
            sink.user = &fold;
            for (k = 0; k < 2; k++) {
                snprintf(frame, sizeof frame, "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"%s\",\"function\":{\"name\":\"f\",\"arguments\":\"%s\"}}]}%s}]}",
                         way ? "zzzzzzzzz" : sent[0], k ? "}" : "{", k ? ",\"finish_reason\":\"tool_calls\"" : "");
                frame_s = str(frame);
                t_int("frame", to.dialect->frame_decode(&dec, name, frame_s, &sink), AIGW_OK);
            }
            t_int("end", to.dialect->stream_end(&dec, 1, &sink), AIGW_OK);
            if (!t_ok("one call", resp.choice[0].parts && !resp.choice[0].parts->next)) continue;
            t_str("its id", resp.choice[0].parts->id.p, resp.choice[0].parts->id.n, way ? "zzzzzzzzz" : ids[i]);
            t_str("arguments", resp.choice[0].parts->text.p, resp.choice[0].parts->text.n, "{}");
        }
    }
}

/* ---- where requests go */

static const struct { const char *label, *family, *base, *model, *version, *client; int stream; const char *target, *body_has, *body_lacks; } places[] = {
    { "azure, v1", "azure", "/openai/v1", "my-gpt", "", "openai", 0, "/openai/v1/chat/completions", "\"model\":\"my-gpt\"", "api-version" },
    { "azure, v1 preview", "azure", "/openai/v1", "my-gpt", "preview", "openai", 1, "/openai/v1/chat/completions?api-version=preview", "\"model\":\"my-gpt\"", "xyz" },
    { "azure, deployments", "azure-deployments", "", "my-gpt", "", "openai", 0, "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21", "messages", "xyz" },
    { "azure, dated preview", "azure-deployments", "", "my gpt/4", "2025-04-01-preview", "anthropic", 1, "/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2025-04-01-preview",
      "messages", "xyz" },
    { "azure, models", "azure-ai", "/models", "grok", "", "openai", 0, "/models/chat/completions?api-version=2024-05-01-preview", "\"model\":\"grok\"", "xyz" },
    { "groq", "groq", "/openai/v1", "m", "", "openai", 0, "/openai/v1/chat/completions", "\"model\":\"m\"", "xyz" },
    { "deepseek", "deepseek", "", "m", "", "anthropic", 0, "/chat/completions", "\"model\":\"m\"", "xyz" },
    { "vertex", "vertex", "/v1/projects/p/locations/l", "gemini-3.8-flash", "", "openai", 0, "/v1/projects/p/locations/l/publishers/google/models/gemini-3.8-flash:generateContent", "contents", "\"model\":\"gem" },
    { "vertex, streamed", "vertex", "/v1/projects/p/locations/l", "gemini-3.8-flash", "", "anthropic", 1,
      "/v1/projects/p/locations/l/publishers/google/models/gemini-3.8-flash:streamGenerateContent?alt=sse", "contents", "xyz" },
    { "vertex express", "vertex-express", "/v1", "gemini-3.8-flash", "", "openai", 0, "/v1/publishers/google/models/gemini-3.8-flash:generateContent", "contents", "xyz" },
    { "claude on vertex", "vertex-claude", "/v1/projects/p/locations/l", "claude-opus-5-5@default", "", "openai", 0,
      "/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-5-5@default:rawPredict", "\"anthropic_version\":\"2026-10-21\"", "\"model\"" },
    { "claude on vertex, streamed, client's own bytes", "vertex-claude", "/v1/projects/p/locations/l", "claude-opus-5-5", "vertex-2023-10-16", "anthropic", 1,
      "/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-5-5:streamRawPredict", "\"stream\":true,\"anthropic_version\":\"vertex-2023-10-16\"", "\"model\"" },
    { "claude on bedrock", "bedrock-claude", "", "anthropic.claude-x-v1:0", "", "openai", 0, "/model/anthropic.claude-x-v1%3A0/invoke", "\"anthropic_version\":\"2026-10-21\"", "\"model\"" },
    { "claude on bedrock, streamed, client's own bytes", "bedrock-claude", "", "eu.anthropic.claude-x", "bedrock-2023-05-31", "anthropic", 1,
      "/model/eu.anthropic.claude-x/invoke-with-response-stream", "\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"anthropic_version\":\"bedrock-2023-05-31\"}", "\"stream\"" },
    { "claude in foundry", "foundry-claude", "/anthropic", "claude-opus-5-5", "", "openai", 0, "/anthropic/v1/messages", "\"model\":\"claude-opus-5-5\"", "anthropic_version" },
};
T(where_requests_go) {
    size_t i;
    for (i = 0; i < T_COUNT(places); i++) {
        const aigw_family *f = aigw_family_of(str(places[i].family));
        aigw_target to = target(f, places[i].base, places[i].model, places[i].version);
        int anthropic = !strcmp(places[i].client, "anthropic");
        char body[512];
        const char *got;
        t_row(places[i].label);
        snprintf(body, sizeof body, "{\"model\":\"x\",%s" ONE "%s}", anthropic ? "\"max_tokens\":5," : "", places[i].stream ? ",\"stream\":true" : "");
        got = send_to(anthropic ? &aigw_dialect_anthropic : &aigw_dialect_openai, anthropic ? "/v1/messages" : "/v1/chat/completions", body, &to);
        t_str("target", head.target.p, head.target.n, places[i].target);
        t_str("method", head.method.p, head.method.n, "POST");
        t_ok("body", has(got, places[i].body_has) && !strstr(got, places[i].body_lacks));
        t_ok("version in one place", !f->version_in.n || !aigw_base_header(&head, str("anthropic-version")).p);
    }
}
/* The version that a client's body was written for goes on under the cloud's name for it; sampling needs the older one. */
T(versions_of_the_clouds) {
    aigw_target to = target(aigw_family_of(str("vertex-claude")), "", "claude-x", "");
    const char *got = send_to(&aigw_dialect_openai, "/v1/chat/completions", "{\"model\":\"x\",\"temperature\":0.5," ONE "}", &to);
    t_ok("written for the older version", has(got, "\"anthropic_version\":\"vertex-2023-10-16\"") && has(got, "\"temperature\":0.5"));
    to.version = str("2026-10-21");
    got = send_to(&aigw_dialect_openai, "/v1/chat/completions", "{\"model\":\"x\",\"temperature\":0.5," ONE "}", &to);
    t_ok("the newer takes none", has(got, "\"anthropic_version\":\"2026-10-21\"") && !has(got, "temperature"));
    to.version = str("");
    got = send_to(&aigw_dialect_anthropic, "/v1/messages/count_tokens", "{\"model\":\"x\"," ONE "}", &to);
    t_str("count", head.target.p, head.target.n, "/publishers/anthropic/models/count-tokens:rawPredict");
    t_ok("keeps the model", has(got, "\"model\":\"claude-x\"") && has(got, "\"anthropic_version\":\"2026-10-21\""));
    to = target(aigw_family_of(str("vertex")), "/v1", "gemini-x", "");
    got = send_to(&aigw_dialect_gemini, "/v1beta/models/x:generateContent", "{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}],\"store\":true}", &to);
    t_str("what Vertex does not have", got ? got : "", got ? strlen(got) : 0, "{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}");
}
T(credentials_as_a_family_wants_them) {
    static const struct { const char *family, *header, *value; } rows[] = {
        { "groq", "authorization", "Bearer k1" }, { "azure", "api-key", "k1" }, { "vertex", "authorization", "Bearer k1" }, { "vertex-express", "x-goog-api-key", "k1" },
        { "vertex-claude", "authorization", "Bearer k1" }, { "anthropic", "x-api-key", "k1" }, { "foundry-claude", "x-api-key", "k1" } };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        aigw_target to = target(aigw_family_of(str(rows[i].family)), "", "m", "");
        aigw_arena mem = aigw_base_arena(scratch, 8192);
        aigw_now now = { 1, 0 };
        aigw_attempt_cfg cfg;
        aigw_attempt a;
        aigw_fault fault;
        aigw_req asked;
        aigw_str sent;
        char line[80];
        size_t at;
        t_row(rows[i].family);
        t_int("read", aigw_dialect_openai.req_decode(NULL, str("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"), &mem, &asked, &fault), AIGW_OK);
        memset(&cfg, 0, sizeof cfg);
        cfg.req = &asked;
        cfg.target = &to;
        cfg.host = str("h");
        cfg.key = str("k1");
        t_int("begin", aigw_attempt_init(&a, &cfg, now, mem.at, (size_t)(mem.end - mem.at)), AIGW_OK);
        sent = aigw_attempt_out(&a);
        snprintf(line, sizeof line, "\r\n%s: %s\r\n", rows[i].header, rows[i].value);
        at = aigw_base_find(sent, str(line), 0);
        t_ok("its header", at < sent.n);
        t_ok("once", aigw_base_find(sent, str("k1"), at + strlen(line) - 2) == sent.n && aigw_base_find(sent, str("k1"), 0) > at);
        aigw_attempt_release(&a);
    }
}

static aigw_registry registry;
static aigw_arena registry_mem;
static aigw_fault faults[8];
static aigw_registry_faults list;

/* ---- Claude on Bedrock: Anthropic's events in base64 in Amazon's frames */

typedef struct { aigw_attempt a; aigw_resp resp; aigw_fold fold; aigw_arena mem; } run;
/* Play an answer, cut in pieces of `cut`; the answer folded, or the error. */
static void play(run *u, const aigw_target *to, const char *body, const char *p, size_t n, size_t cut) {
    static char room[262144], folded[262144];
    aigw_now now = { 1, 0 };
    aigw_sink sink = { aigw_model_fold_put, NULL };
    aigw_attempt_cfg cfg;
    size_t at = 0;
    memset(u, 0, sizeof *u);
    u->mem = aigw_base_arena(folded, sizeof folded);
    aigw_model_fold_init(&u->fold, &u->resp, &u->mem, 1);
    sink.user = &u->fold;
    send_to(&aigw_dialect_openai, "/v1/chat/completions", body, to);
    memset(&cfg, 0, sizeof cfg);
    cfg.req = &req;
    cfg.target = to;
    cfg.host = str("h");
    t_int("init", aigw_attempt_init(&u->a, &cfg, now, room, sizeof room), AIGW_OK);
    aigw_attempt_connected(&u->a, now);
    while (aigw_attempt_want(&u->a) & AIGW_WANT_OUT) aigw_attempt_sent(&u->a, now, aigw_attempt_out(&u->a).n);
    for (;;) {
        const unsigned want = aigw_attempt_want(&u->a);
        if (want & AIGW_WANT_CLOSED) break;
        if (want & AIGW_WANT_MEM) t_int("memory", aigw_attempt_move(&u->a, t_alloc(u->a.mem_want), u->a.mem_want), AIGW_OK);
        else if (want & AIGW_WANT_EVENT) (void)aigw_attempt_next(&u->a, now, &sink);
        else if (at < n) at += aigw_attempt_feed(&u->a, now, p + at, cut < n - at ? cut : n - at);
        else aigw_attempt_eof(&u->a, now, 1);
    }
}
static void wrap(aigw_out *o, const char *event) {
    const size_t open = aigw_evs_open(o, str("chunk"), 0);
    aigw_base_put_lit(o, "{\"bytes\":\"");
    aigw_base_put_base64(o, str(event));
    aigw_base_put_lit(o, "\",\"p\":\"abcdef\"}");
    aigw_evs_close(o, open);
}
T(claude_on_bedrock_streams) {
    static run u;
    static const char answer[] = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\nx-amzn-requestid: r1\r\nconnection: close\r\n\r\n";
    static const struct { const char *exception, *payload; int kind; } ends[] = {
        { NULL, NULL, 0 }, { "throttlingException", "{\"message\":\"Too many requests\"}", AIGW_KIND_RATE_LIMIT },
        { "modelStreamErrorException", "{\"message\":\"broke\",\"originalStatusCode\":500}", AIGW_KIND_SERVER }, { "newerException", "{\"message\":\"?\"}", AIGW_KIND_SERVER } };
    aigw_target to = target(aigw_family_of(str("bedrock-claude")), "", "claude-x", "");
    size_t i, cut;
    for (i = 0; i < T_COUNT(ends); i++) for (cut = 1; cut < 100; cut += 33) {
        static char wire[8192];
        aigw_out o;
        t_row(ends[i].exception ? ends[i].exception : "a whole answer");
        aigw_base_out_init(&o, wire, sizeof wire, NULL, 0);
        aigw_base_put_lit(&o, answer);
        wrap(&o, "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude-x\",\"content\":[],\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}");
        wrap(&o, "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}");
        wrap(&o, "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hall\\u00f6chen\"}}");
        if (ends[i].exception) {
            const size_t open = aigw_evs_open(&o, str(ends[i].exception), 1);
            aigw_base_put_lit(&o, ends[i].payload);
            aigw_evs_close(&o, open);
        } else {
            wrap(&o, "{\"type\":\"content_block_stop\",\"index\":0}");
            wrap(&o, "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":4}}");
            wrap(&o, "{\"type\":\"message_stop\",\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":7}}");
        }
        play(&u, &to, "{\"model\":\"m\",\"stream\":true," ONE "}", wire, o.buf.n, cut);
        if (ends[i].exception) {
            t_ok("an error", u.resp.error && u.a.ended == 2);
            t_int("its kind", u.a.error.kind, ends[i].kind);
            t_str("request id", u.a.error.request_id.p, u.a.error.request_id.n, "r1");
        } else {
            t_ok("no error", !u.resp.error && u.resp.ended);
            if (!t_ok("a part", u.resp.choice[0].parts != NULL)) continue;
            t_str("text", u.resp.choice[0].parts->text.p, u.resp.choice[0].parts->text.n, "Hall\\u00f6chen");
            t_int("finish", u.resp.choice[0].finish, AIGW_FINISH_STOP);
            t_int("input", u.resp.usage.input, 7);
            t_int("output", u.resp.usage.output, 4);
        }
        aigw_attempt_release(&u.a);
    }
    t_row("betas go into the body");
    {
        static char line[] = "/v1/messages";
        aigw_head in = { { NULL, 0 }, { NULL, 0 }, 0, NULL, 0, 0 };
        aigw_header beta[1];
        aigw_arena a = aigw_base_arena(memory, sizeof memory), mem = aigw_base_arena(scratch, sizeof scratch);
        aigw_fault fault;
        aigw_out out;
        in.headers = beta;
        in.cap = 1;
        in.method = str("POST");
        in.target = str(line);
        aigw_base_header_put(&in, str("anthropic-beta"), str("a-1, b-2"));
        t_int("decode", aigw_dialect_anthropic.req_decode(&in, str("{\"model\":\"m\",\"max_tokens\":5," ONE "}"), &a, &req, &fault), AIGW_OK);
        memset(&head, 0, sizeof head);
        head.headers = fields;
        head.cap = 8;
        aigw_base_out_init(&out, text, sizeof text, NULL, 0);
        t_int("edit", aigw_dialect_anthropic.req_edit(&req, &to, &mem, &head, &out, NULL), AIGW_OK);
        t_ok("a list", aigw_base_find(aigw_base_out_str(&out), str("\"anthropic_beta\":[\"a-1\",\"b-2\"]"), 0) < out.buf.n);
        t_ok("no header", !aigw_base_header(&head, str("anthropic-beta")).p);
    }
}
/* An Anthropic client in front of it reads Anthropic's stream, not Amazon's frames, although its own body was edited in place. */
T(claude_on_bedrock_for_its_own_clients) {
    static world w;
    static char room[8 << 20], wire[4096];
    static const char request[] = "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nanthropic-version: 2023-06-01\r\ncontent-length: 97\r\nconnection: close\r\n\r\n"
        "{\"model\":\"aws/claude-x\",\"max_tokens\":5,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    aigw_out o;
    aigw_str out, up;
    aigw_base_out_init(&o, wire, sizeof wire, NULL, 0);
    aigw_base_put_lit(&o, "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\nconnection: close\r\n\r\n");
    wrap(&o, "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude-x\",\"content\":[],\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}");
    wrap(&o, "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}");
    wrap(&o, "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello there\"}}");
    wrap(&o, "{\"type\":\"content_block_stop\",\"index\":0}");
    wrap(&o, "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":4}}");
    wrap(&o, "{\"type\":\"message_stop\"}");
    t_ok("begin", w_init(&w, NULL, NULL, room, sizeof room));
    memset(&list, 0, sizeof list);
    list.items = faults;
    list.cap = T_COUNT(faults);
    t_int("one provider more", aigw_registry_read(&w.registry, str("{\"providers\":{\"aws\":{\"family\":\"bedrock-claude\",\"base_url\":\"http://bedrock.test\",\"key\":\"k\"}}}"), &list), AIGW_OK);
    w_say(&w, "aws", wire, o.buf.n, W_CLOSE);
    w_drive(&w, request, sizeof request - 1);
    out.p = w.out;
    out.n = w.out_n;
    up.p = w.up;
    up.n = w.up_n;
    t_ok("to Bedrock", aigw_base_find(up, str("POST /model/claude-x/invoke-with-response-stream HTTP/1.1"), 0) == 0);
    t_ok("the older version's name", aigw_base_find(up, str("\"anthropic_version\":\"bedrock-2023-05-31\""), 0) < up.n && aigw_base_find(up, str("\"stream\""), 0) == up.n);
    t_ok("an event stream", aigw_base_find(out, str("text/event-stream"), 0) < out.n);
    t_ok("the words", aigw_base_find(out, str("event: content_block_delta"), 0) < out.n && aigw_base_find(out, str("Hello there"), 0) < out.n);
    t_ok("its end", aigw_base_find(out, str("event: message_stop"), 0) < out.n);
    t_ok("nothing of the frames", aigw_base_find(out, str(":event-type"), 0) == out.n);
    t_ok("all is given back", w_clean(&w));
    w_free(&w);
}
/* What Bedrock sent for Claude, as recorded. */
T(claude_on_bedrock_recorded) {
    static run u;
    static char wire[1 << 20];
    static const char *const files[] = { "oi-should-handle-streaming-responses-with-tool-calls-0-c457", "oi-should-handle-invoke-model-with-response-stream-0-2338",
                                         "oi-testinvokemodelwithstreamresponse-test-invoke-0-433f" };
    aigw_target to = target(aigw_family_of(str("bedrock-claude")), "", "claude-x", "");
    size_t i, n;
    for (i = 0; i < T_COUNT(files); i++) {
        char path[300];
        t_bytes b;
        snprintf(path, sizeof path, "wire/bedrock-invoke/%s.response.eventstream", files[i]);
        b = t_file(t_shared(path));
        if (!b.p) {
            t_skip("../shared/wire");
            return;
        }
        t_row(files[i]);
        n = (size_t)sprintf(wire, "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ncontent-length: %lu\r\n\r\n", (unsigned long)b.n);
        memcpy(wire + n, b.p, b.n);
        play(&u, &to, "{\"model\":\"m\",\"stream\":true," ONE "}", wire, n + b.n, 777);
        t_ok("a whole answer", u.resp.ended && !u.resp.error);
        t_ok("with content", u.resp.choice[0].parts != NULL);
        t_ok("and usage", u.resp.usage.input > 0 && u.resp.usage.output > 0);
        if (!i) t_int("a call", u.resp.choice[0].finish, AIGW_FINISH_TOOL_CALLS);
        aigw_attempt_release(&u.a);
    }
}

/* ---- reasoning between tags in the content */

/* What the parts of an answer's first choice of this kind say, one behind the other. */
static const char *words_of(const run *u, int kind, char *to, size_t cap) {
    size_t n = 0;
    to[0] = 0;
    for (const aigw_part *p = u->resp.choices ? u->resp.choice[0].parts : NULL; p; p = p->next) {
        static char mem[4096];
        aigw_arena a = aigw_base_arena(mem, sizeof mem);
        aigw_str said;
        if (p->kind != kind || !aigw_json_decode(p->text, &a, &said)) continue;
        n += (size_t)snprintf(to + n, cap - n, "%.*s", (int)said.n, said.p);
    }
    return to;
}
T(reasoning_between_tags) {
    static const char json_head[] = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    static const char sse_head[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    static const struct { const char *label, *family, *content, *reasoning, *text; } rows[] = {
        { "tags", "vllm", "<think>why\\nso</think>\\n\\nbecause", "why\nso", "because" },
        { "escaped as Go does", "vllm", "\\u003cthink\\u003ewhy\\u003c/think\\u003E a", "why", "a" },
        { "nothing within", "llama-cpp", "<think>\\n</think>a", "\n", "a" },
        { "no end", "vllm", "<think>why </thin", "why </thin", "" },
        { "only reasoning", "vllm", "<think>why</think>", "why", "" },
        { "half a tag is text", "vllm", "<thi", "", "<thi" },
        { "another tag is text", "vllm", "<that>a</that>", "", "<that>a</that>" },
        { "not at the beginning", "vllm", "a <think>b</think>", "", "a <think>b</think>" },
        { "less-than in the thought", "vllm", "<think>a < b <</think>c <think>d", "a < b <", "c <think>d" },
        { "other escapes", "vllm", "<think>\\\"\\u00e9\\ud83d\\ude00</think>\\\"", "\"\xC3\xA9\xF0\x9F\x98\x80", "\"" },
        { "who has a field for it", "openai", "<think>why</think>a", "", "<think>why</think>a" },
    };
    static run u;
    static char wire[16384], got[4096];
    for (size_t i = 0; i < T_COUNT(rows); i++) for (int how = 0; how < 3; how++) {       /* whole; one delta; a delta per character */
        aigw_target to = target(aigw_family_of(str(rows[i].family)), "", "m", "");
        const char *c = rows[i].content, *end;
        size_t n;
        t_row(rows[i].label);
        n = (size_t)sprintf(wire, "%s", how ? sse_head : json_head);
        if (!how) n += (size_t)sprintf(wire + n, "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":"
            "{\"role\":\"assistant\",\"content\":\"%s\"},\"finish_reason\":\"stop\"}]}", c);
        else {
            for (; *c; c = end) {
                end = c + strlen(c);
                if (how == 2) for (end = c + 1; (*end & 0xC0) == 0x80; end++) {}
                if (how == 2 && *c == '\\') end = c + (c[1] == 'u' ? c[2] == 'd' ? 12 : 6 : 2);
                n += (size_t)sprintf(wire + n, "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%.*s\"}}]}\n\n",
                                     (int)(end - c), c);
            }
            if (i % 2) n += (size_t)sprintf(wire + n, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
            n += (size_t)sprintf(wire + n, "data: [DONE]\n\n");
        }
        play(&u, &to, how ? "{\"model\":\"m\",\"stream\":true," ONE "}" : "{\"model\":\"m\"," ONE "}", wire, n, 7);
        t_ok("ended well", u.resp.choices == 1 && u.resp.choice[0].finish == AIGW_FINISH_STOP);
        words_of(&u, AIGW_PART_REASONING, got, sizeof got);
        t_str("reasoning", got, strlen(got), rows[i].reasoning);
        words_of(&u, AIGW_PART_TEXT, got, sizeof got);
        t_str("text", got, strlen(got), rows[i].text);
        aigw_attempt_release(&u.a);
    }
}

/* ---- configuration */

static int configure(const char *json) {
    static char mem[65536];
    registry_mem = aigw_base_arena(mem, sizeof mem);
    memset(&list, 0, sizeof list);
    list.items = faults;
    list.cap = T_COUNT(faults);
    aigw_registry_init(&registry, dialects, T_COUNT(dialects), &registry_mem);
    return aigw_registry_read(&registry, str(json), &list);
}
static aigw_target pick(const char *name) {
    aigw_registry_pick picks[2];
    const aigw_registry_route *route;
    memset(picks, 0, sizeof picks);
    t_int("found", aigw_registry_find(&registry, str(name), dialects[0], picks, 2, &route), 1);
    return picks[0].target;
}
T(a_provider_by_its_family) {
    const aigw_registry_provider *p;
    aigw_target to;
    t_int("read", configure("{\"providers\":{\"fast\":{\"family\":\"groq\"},\"az\":{\"family\":\"azure-deployments\",\"base_url\":\"https://r.openai.azure.com\",\"version\":\"2024-06-01\",\"key\":\"k\"},"
                            "\"box\":{\"family\":\"vllm\",\"base_url\":\"http://box:9000/v1\"}},\"models\":{\"ds\":{\"provider\":\"d\",\"can\":[\"json_schema\"],\"effort\":\"high\"},"
                            "\"ds2\":{\"provider\":\"d\"}}, \"providers2\":0 }"), AIGW_E_VALUE);      /* the models come before their provider is there */
    t_int("read", configure("{\"providers\":{\"fast\":{\"family\":\"groq\"},\"az\":{\"family\":\"azure-deployments\",\"base_url\":\"https://r.openai.azure.com\",\"version\":\"2024-06-01\",\"key\":\"k\"},"
                            "\"box\":{\"family\":\"vllm\",\"base_url\":\"http://box:9000/v1\"},\"d\":{\"family\":\"deepseek\"},\"p\":{\"family\":\"perplexity\"}},"
                            "\"models\":{\"ds\":{\"provider\":\"d\",\"can\":[\"json_schema\"],\"effort\":\"high\"},\"ds2\":{\"provider\":\"d\"}}}"), AIGW_OK);
    t_int("no complaints", (long long)list.n, 0);
    p = aigw_registry_provider_of(&registry, str("fast"));
    t_ok("dialect implied", p->dialect == &aigw_dialect_openai && p->family == aigw_family_of(str("groq")));
    t_str("host", p->host.p, p->host.n, "api.groq.com");
    t_str("base", p->base.p, p->base.n, "/openai/v1");
    t_str("key", p->key.p, p->key.n, "env:GROQ_API_KEY");
    p = aigw_registry_provider_of(&registry, str("p"));
    t_str("several names of keys", p->key.p, p->key.n, "env:PERPLEXITY_API_KEY PPLX_API_KEY");
    p = aigw_registry_provider_of(&registry, str("az"));
    t_str("its own key", p->key.p, p->key.n, "k");
    p = aigw_registry_provider_of(&registry, str("box"));
    t_str("its own address", p->host.p, p->host.n, "box");
    to = pick("fast/llama");
    t_ok("the target has it", to.family == aigw_family_of(str("groq")));
    to = pick("ds2");
    t_ok("what the family lacks", (to.no & AIGW_CAN(JSON_SCHEMA)) != 0 && aigw_base_eq(to.efforts, str("low high max")));
    to = pick("ds");
    t_ok("unless the model says otherwise", !(to.no & AIGW_CAN(JSON_SCHEMA)) && aigw_base_eq(to.efforts, str("high")));
}
/* Responses goes by its dialect, with a path of its own where one is said. */
T(responses_by_configuration) {
    aigw_target to;
    t_int("read", configure("{\"providers\":{\"az\":{\"dialect\":\"openai-responses\",\"base_url\":\"https://r.openai.azure.com/openai/v1\","
                            "\"auth\":{\"type\":\"header\",\"header\":\"api-key\",\"key\":\"k\"},\"path\":\"{post}?api-version={version}\",\"versions\":[\"preview\"]},"
                            "\"oa\":{\"dialect\":\"openai-responses\",\"base_url\":\"https://api.openai.com/v1\",\"key\":\"k\"}}}"), AIGW_OK);
    t_int("no complaints", (long long)list.n, 0);
    to = pick("az/my-gpt");
    t_ok("written", send_to(&aigw_dialect_anthropic, "/v1/messages", "{\"model\":\"m\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", &to) != NULL);
    t_str("target", head.target.p, head.target.n, "/openai/v1/responses?api-version=preview");
    t_ok("edited", send_to(&aigw_dialect_responses, "/v1/responses", "{\"model\":\"m\",\"input\":\"x\"}", &to) != NULL);
    t_str("target", head.target.p, head.target.n, "/openai/v1/responses?api-version=preview");
    to = pick("oa/gpt");
    t_ok("edited", send_to(&aigw_dialect_responses, "/v1/responses", "{\"model\":\"m\",\"input\":\"x\"}", &to) != NULL);
    t_str("target", head.target.p, head.target.n, "/v1/responses");
}
/* A server that nobody knows here: everything by configuration, and both writing and editing obey. */
T(an_unknown_server_needs_configuration_only) {
    aigw_target to;
    const char *got;
    t_int("read", configure("{\"providers\":{\"x\":{\"dialect\":\"openai-chat\",\"base_url\":\"https://x.example/api\",\"key\":\"k\",\"max_tokens\":\"max_tokens\",\"stream_options\":false,"
                            "\"rename\":{\"seed\":\"rnd\",\"messages.reasoning_content\":\"thoughts\"},\"drop\":[\"logit_bias\",\"messages.name\"],\"refuse\":[\"n\"],\"accept\":[\"top_k\"],"
                            "\"clamp\":{\"temperature\":[0.1,1.5],\"top_p\":[null,0.9]},\"add\":{\"safe\" : { \"level\" : \"a b\" }},\"words\":{\"messages.role\":{\"developer\":\"system\"}},\"reasoning_tag\":\"r\","
                            "\"path\":\"/go/{model}?v={version}\",\"auth_header\":\"x-key\",\"auth_prefix\":\"T \",\"versions\":[\"v2\",\"v1\"],\"version\":\"v1\",\"connect_ms\":9}}}"), AIGW_OK);
    t_int("no complaints", (long long)list.n, 0);
    to = pick("x/some-model");
    t_ok("tags", aigw_base_find(to.family->rules, str("choices.content/r "), 0) < to.family->rules.n);
    got = send_to(&aigw_dialect_openai, "/v1/chat/completions", "{\"model\":\"m\",\"max_completion_tokens\":5,\"stream\":true,\"seed\":1,\"temperature\":2,\"top_p\":1,\"logit_bias\":{},\"n\":1,"
                  "\"messages\":[{\"role\":\"developer\",\"content\":\"d\"},{\"role\":\"user\",\"name\":\"b\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\",\"reasoning_content\":\"z\"},{\"role\":\"user\",\"content\":\"w\"}]}", &to);
    t_str("edited", got ? got : "", got ? strlen(got) : 0, "{\"model\":\"some-model\",\"max_tokens\":5,\"stream\":true,\"rnd\":1,\"temperature\":1.5,\"top_p\":0.9,"
          "\"messages\":[{\"role\":\"system\",\"content\":\"d\"},{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\",\"thoughts\":\"z\"},{\"role\":\"user\",\"content\":\"w\"}],"
          "\"safe\":{\"level\":\"a\\u0020b\"}}");
    t_str("target", head.target.p, head.target.n, "/api/go/some-model?v=v1");
    got = send_to(&aigw_dialect_anthropic, "/v1/messages", "{\"model\":\"m\",\"max_tokens\":5,\"stream\":true,\"temperature\":0,\"top_k\":3,"
                  "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", &to);
    t_ok("written", has(got, "\"max_tokens\":5") && has(got, "\"temperature\":0.1") && has(got, "\"top_k\":3") && has(got, "\"safe\":{\"level\":\"a\\u0020b\"}") && !has(got, "stream_options"));
    t_ok("refused", !send_to(&aigw_dialect_openai, "/v1/chat/completions", "{\"model\":\"m\",\"n\":3," ONE "}", &to));
    t_int("read", configure("{\"providers\":{\"m\":{\"family\":\"mistral\",\"rename\":{\"seed\":\"s2\"},\"base_url\":\"https://mirror/v1\"}}}"), AIGW_OK);
    to = pick("m/x");
    got = send_to(&aigw_dialect_openai, "/v1/chat/completions", "{\"model\":\"x\",\"seed\":1,\"logit_bias\":{}," ONE "}", &to);
    t_str("over the family's own", got ? got : "", got ? strlen(got) : 0, "{\"model\":\"x\",\"s2\":1," ONE "}");
}
T(complaints_about_families) {
    static const struct { const char *label, *entry; int code; const char *path, *text; } rows[] = {
        { "unknown family", "\"family\":\"grog\"", AIGW_E_VALUE, "providers.p.family", "this family is not known" },
        { "unknown version", "\"family\":\"azure-ai\",\"base_url\":\"https://r/models\",\"version\":\"2020-01-01\"", AIGW_E_VALUE, "providers.p.version",
          "this API version is not known; known are: 2024-05-01-preview" },
        { "of a dialect", "\"dialect\":\"anthropic\",\"base_url\":\"https://a\",\"version\":\"2024-01-01\"", AIGW_E_VALUE, "providers.p.version",
          "this API version is not known; known are: 2026-10-21 2023-06-01" },
        { "no address", "\"family\":\"azure\"", AIGW_E_MISSING, "providers.p", "a provider needs `base_url`" },
        { "another dialect", "\"family\":\"groq\",\"dialect\":\"gemini\"", AIGW_E_VALUE, "providers.p.dialect", "this family speaks another dialect" },
        { "a name that is none", "\"family\":\"groq\",\"drop\":[\"a b\"]", AIGW_E_VALUE, "providers.p.drop[0]", "the name of a member" },
        { "a rename to nothing", "\"family\":\"groq\",\"rename\":{\"seed\":\"\"}", AIGW_E_VALUE, "providers.p.rename.seed", "the name of a member" },
        { "a path without its slash", "\"family\":\"groq\",\"path\":\"chat\"", AIGW_E_VALUE, "providers.p.path", "a path begins with a slash" },
        { "a wrong type", "\"family\":\"groq\",\"stream_options\":\"no\"", AIGW_E_TYPE, "providers.p.stream_options", "" },
        { "rules where none are read", "\"dialect\":\"ollama\",\"base_url\":\"http://h\",\"drop\":[\"seed\"]", AIGW_E_VALUE, "providers.p",
          "requests of this dialect are written without rules" },
        { "a tag with its brackets", "\"family\":\"groq\",\"reasoning_tag\":\"<t>\"", AIGW_E_VALUE, "providers.p.reasoning_tag", "the name" },
        { "a long tag", "\"family\":\"groq\",\"reasoning_tag\":\"abcdefghijklmnopqrstu\"", AIGW_E_VALUE, "providers.p.reasoning_tag", "a tag's name has at most 20" },
        { "neither family nor dialect", "\"base_url\":\"https://a\"", AIGW_E_MISSING, "providers.p", "a provider needs `dialect` or `family`" },
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        char json[512];
        snprintf(json, sizeof json, "{\"providers\":{\"p\":{%s}}}", rows[i].entry);
        t_row(rows[i].label);
        t_int("code", configure(t_dup(json, strlen(json) + 1)), rows[i].code);
        t_int("one complaint", (long long)list.n, 1);
        t_str("path", faults[0].path, strlen(faults[0].path), rows[i].path);
        t_ok("text", faults[0].text && !strncmp(faults[0].text, rows[i].text, strlen(rows[i].text)));
    }
    t_row("versions of one's own");
    t_int("code", configure("{\"providers\":{\"p\":{\"family\":\"azure-ai\",\"base_url\":\"https://r/models\",\"versions\":[\"2027-01-01\"],\"version\":\"2027-01-01\"}}}"), AIGW_OK);
}

/* ---- memory: each arena size from 0 on ends with an error or with the same text */
T(little_memory) {
    static const char body[] = "{\"model\":\"m\",\"max_completion_tokens\":5,\"seed\":1,\"messages\":[{\"role\":\"developer\",\"content\":\"d\"},{\"role\":\"user\",\"name\":\"b\",\"content\":\"x\"}]}";
    aigw_target to = target(aigw_family_of(str("mistral")), "/v1", "other", "");
    size_t n, want = 0;
    for (n = 400; n + 1; n--) {
        aigw_arena a = aigw_base_arena(memory, sizeof memory), mem;
        aigw_fault fault;
        aigw_out out;
        int r;
        t_int("decode", aigw_dialect_openai.req_decode(NULL, str(body), &a, &req, &fault), AIGW_OK);
        memset(&head, 0, sizeof head);
        head.headers = fields;
        head.cap = 4;
        mem = aigw_base_arena(n ? t_alloc(n) : NULL, n);
        aigw_base_out_init(&out, text, n, NULL, 0);
        r = to.dialect->req_edit(&req, &to, &mem, &head, &out, NULL);
        if (n == 400) want = out.buf.n;
        t_ok("all or an error", r == AIGW_E_NOMEM || (r == AIGW_OK && out.buf.n == want));
        t_free_all();
    }
}

/* ---- recorded requests of each family go through it with nothing changed that it takes */
static const struct { const char *dir, *family; int least; } recorded_dirs[] = {
    { "mistral", "mistral", 14 }, { "groq", "groq", 14 }, { "deepseek", "deepseek", 9 }, { "together", "together", 5 }, { "openrouter", "openrouter", 20 }, { "perplexity", "perplexity", 3 },
    { "cerebras", "cerebras", 4 }, { "zai", "zai", 5 }, { "huggingface", "huggingface", 4 }, { "gemini-openai-compat", "gemini-openai", 2 }, { "ollama-openai-compat", "ollama-openai", 8 },
    { "azure-openai", "azure-deployments", 11 } };
T(recorded_requests) {
    t_bytes b = t_file(t_shared("wire/index.json"));
    f_json *index = b.p ? f_parse(b.p, b.n, NULL) : NULL, *one;
    size_t i;
    if (!index) {
        t_skip("../shared/wire");
        return;
    }
    for (i = 0; i < T_COUNT(recorded_dirs); i++) {
        const aigw_family *f = aigw_family_of(str(recorded_dirs[i].family));
        int n = 0;
        for (one = index->kid; one; one = one->next) {
            char path[600];
            t_bytes body;
            const char *got;
            f_json *was, *is, *m;
            size_t k;
            if (strcmp(f_get(one, "dialect")->s, recorded_dirs[i].dir) || atoi(f_get(one, "status")->s) >= 400) continue;
            snprintf(path, sizeof path, "wire/%s/%s.request.json", recorded_dirs[i].dir, f_get(one, "name")->s);
            body = t_file(t_shared(path));
            if (!body.p) continue;
            t_row(f_get(one, "name")->s);
            memcpy(text, body.p, body.n);
            text[body.n] = 0;
            got = chat(f, "/v1", strcpy(scratch + sizeof scratch / 2, text));
            n += got != NULL;
            if (!t_ok("goes", got != NULL)) continue;
            for (k = 0; k < loss.n; k++)                                       /* the recorder's client sent what the provider takes: nothing of it is lost */
                t_ok(items[k].path, items[k].action == AIGW_LOSS_SYNTHESIZED || !strcmp(recorded_dirs[i].dir, "huggingface") || strstr(items[k].path, "reasoning") || strstr(items[k].path, "stream_options"));
            was = f_parse(body.p, body.n, NULL);
            is = f_parse(got, strlen(got), NULL);
            if (!t_ok("JSON", was && is)) continue;
            for (m = was->kid; m; m = m->next)
                if (!strcmp(m->key, "model") || !strcmp(m->key, "temperature") || !strcmp(m->key, "tools") || !strcmp(m->key, "stop"))
                    if (strcmp(m->key, "model")) t_ok(m->key, f_equal(m, f_get(is, m->key)));
        }
        t_row(recorded_dirs[i].dir);
        t_ok("enough of them", n >= recorded_dirs[i].least);
    }
    f_free();
}

/* ---- README's table of families: each line made from the table. T_PRINT=1 prints them. */

/* A family's own rules in words that fit a table. */
static void say(char *to, size_t cap, const aigw_family *f) {
    static const struct { char sign; const char *word; } groups[] = { { '=', "renames" }, { '!', "refuses" }, { '-', "drops" }, { '<', "limits" }, { '*', "takes" }, { '+', "adds" },
        { '@', "ids of nine:" },
        { '/', "reasoning in tags:" } };
    aigw_family own = *f;
    aigw_str rule;
    size_t n = 0, at, i;
    own.more = str("");
    to[0] = 0;
    for (i = 0; i < T_COUNT(groups); i++) {
        int any = 0;
        for (at = 0; aigwi_family_next(&own, &at, &rule); ) {
            size_t sign = 0;
            while (sign < rule.n && !strchr(words_of_rules, rule.p[sign])) sign++;
            if (sign >= rule.n || (rule.p[sign] == ':' ? '=' : rule.p[sign]) != groups[i].sign) continue;
            if (!any) n += (size_t)snprintf(to + n, cap - n, "%s%s", n ? "; " : "", groups[i].word);
            n += (size_t)snprintf(to + n, cap - n, "%s%.*s", any++ ? ", " : " ", (int)sign, rule.p);
        }
    }
    if (f->path.n) n += (size_t)snprintf(to + n, cap - n, "%spath %s", n ? "; " : "", f->path.p);
    if (f->auth_header.n) n += (size_t)snprintf(to + n, cap - n, "%skey in %s", n ? "; " : "", f->auth_header.p);
    if (f->version_in.n) n += (size_t)snprintf(to + n, cap - n, "; version in %s", f->version_in.p);
    if (f->more.n) snprintf(to + n, cap - n, "%sthe common ones", n ? "; " : "");
}
T(readme_has_every_family) {
    t_bytes readme = t_file("README.md");
    const aigw_family *f;
    size_t i;
    char line[2048], quirks[1500];
    int print = getenv("T_PRINT") != NULL;
    if (!t_ok("README.md", readme.p != NULL)) return;
    for (i = 0; (f = aigw_family_at(i)) != NULL; i++) {
        aigw_str all;
        say(quirks, sizeof quirks, f);
        snprintf(line, sizeof line, "| `%s` | %s | %s | %s |\n", f->name.p, f->dialect.p, f->env.p, quirks);
        if (print) fputs(line, stderr);
        all.p = readme.p;
        all.n = readme.n;
        t_row(f->name.p);
        t_ok("its line (T_PRINT=1 tests/test_family prints all)", aigw_base_find(all, str(line), 0) < all.n);
    }
}

int main(void) {
    T_RUN(rows_are_well_formed);
    T_RUN(readme_has_every_family);
    T_RUN(edits_of_a_clients_own_body);
    T_RUN(requests_written_for_a_family);
    T_RUN(refusals_of_a_family);
    T_RUN(limits_hold_for_a_clients_own_body);
    T_RUN(a_budget_needs_a_signed_thought);
    T_RUN(ids_of_nine_are_mapped_and_come_back);
    T_RUN(where_requests_go);
    T_RUN(versions_of_the_clouds);
    T_RUN(credentials_as_a_family_wants_them);
    T_RUN(claude_on_bedrock_streams);
    T_RUN(claude_on_bedrock_for_its_own_clients);
    T_RUN(claude_on_bedrock_recorded);
    T_RUN(reasoning_between_tags);
    T_RUN(a_provider_by_its_family);
    T_RUN(responses_by_configuration);
    T_RUN(an_unknown_server_needs_configuration_only);
    T_RUN(complaints_about_families);
    T_RUN(little_memory);
    T_RUN(recorded_requests);
    return t_end();
}
