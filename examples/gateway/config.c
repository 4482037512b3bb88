/* SPDX-License-Identifier: MIT OR Unlicense */
/* config.c: file and environment -> registry and plain structs; complaints with line and field. Knows nothing that runs. */
#include "gateway.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CAN(x) AIGW_CAN(x)
#define USUAL (CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(PDF) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING))

static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };

/* The model that `auto` takes of each family whose key is in the environment; which keys there are, the library's table of families knows. */
static const struct { const char *family, *model; } usual_models[] = {
    { "openai", "gpt-6.1-sol" }, { "anthropic", "claude-sonnet-5-5" }, { "gemini", "gemini-3.8-flash" }, { "mistral", "mistral-medium-latest" },
    { "groq", "openai/gpt-oss-120b" }, { "deepseek", "deepseek-flash" }, { "xai", "grok-4.7" }, { "together", "moonshotai/Kimi-K3" },
    { "fireworks", "accounts/fireworks/models/kimi-k3" }, { "cerebras", "gpt-oss-120b" }, { "perplexity", "sonar-pro" }, { "moonshot", "kimi-k3" }, { "zai", "glm-5.3" },
    { "cohere", "command-a-plus-05-2026" }
};

/* Chat models of these providers: window and output in tokens, what they can and cannot, effort words (providers' statements by way of litellm 1.109.1, 2026-11-21). */
static const struct { const char *provider, *id; long context, max_output; uint32_t can, no; const char *efforts; } models[] = {
    { "openai", "gpt-6-astra", 922000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "low medium high xhigh max" },
    { "openai", "gpt-6-sol", 922000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh max" },
    { "openai", "gpt-6-luna", 922000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh max" },
    { "openai", "gpt-6.1-sol", 922000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "low medium high xhigh max" },
    { "openai", "gpt-6.1-terra", 922000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh max" },
    { "openai", "gpt-5.6-sol", 922000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh" },
    { "openai", "gpt-5.6-terra", 922000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh" },
    { "openai", "gpt-5.6-luna", 922000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh" },
    { "openai", "gpt-5.5", 1050000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh" },
    { "openai", "gpt-5.4", 1050000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh" },
    { "openai", "gpt-5.4-mini", 272000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh" },
    { "openai", "gpt-5.4-nano", 272000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh" },
    { "openai", "gpt-5.2", 272000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high xhigh" },
    { "openai", "gpt-5.1", 272000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "none low medium high" },
    { "openai", "gpt-5", 272000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "minimal low medium high" },
    { "openai", "gpt-5-mini", 272000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "minimal low medium high" },
    { "openai", "gpt-5-nano", 272000, 128000, USUAL | CAN(PARALLEL_TOOLS), 0, "minimal low medium high" },
    { "openai", "gpt-4.1", 1047576, 32768, (USUAL & ~(CAN(REASONING))) | CAN(PARALLEL_TOOLS), 0, "" },
    { "openai", "gpt-4.1-mini", 1047576, 32768, (USUAL & ~(CAN(REASONING))) | CAN(PARALLEL_TOOLS), 0, "" },
    { "openai", "gpt-4o", 128000, 16384, (USUAL & ~(CAN(REASONING))) | CAN(PARALLEL_TOOLS), 0, "" },
    { "openai", "gpt-4o-mini", 128000, 16384, (USUAL & ~(CAN(REASONING))) | CAN(PARALLEL_TOOLS), 0, "" },
    { "openai", "o3", 200000, 100000, USUAL, 0, "" },
    { "openai", "gpt-audio-1.5", 128000, 16384, (USUAL & ~(CAN(VISION) | CAN(PDF) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE))) | CAN(AUDIO_IN) | CAN(AUDIO_OUT) | CAN(PARALLEL_TOOLS), CAN(JSON_SCHEMA), "" },
    { "anthropic", "claude-fable-5-1", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(SAMPLING) | CAN(FORCED_TOOLS) | CAN(PREFILL) | CAN(BUDGET_THINKING), "low medium high xhigh max" },
    { "anthropic", "claude-mythos-5-1", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(SAMPLING) | CAN(FORCED_TOOLS) | CAN(PREFILL) | CAN(BUDGET_THINKING), "low medium high xhigh max" },
    { "anthropic", "claude-opus-5-5", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(SAMPLING) | CAN(FORCED_TOOLS) | CAN(PREFILL) | CAN(BUDGET_THINKING), "low medium high xhigh max" },
    { "anthropic", "claude-opus-5", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(SAMPLING) | CAN(PREFILL) | CAN(BUDGET_THINKING), "low medium high xhigh max" },
    { "anthropic", "claude-opus-4-8", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(SAMPLING) | CAN(PREFILL) | CAN(BUDGET_THINKING), "low medium high xhigh max" },
    { "anthropic", "claude-opus-4-7", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(SAMPLING) | CAN(PREFILL) | CAN(BUDGET_THINKING), "low medium high xhigh max" },
    { "anthropic", "claude-opus-4-6", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(PREFILL), "low medium high max" },
    { "anthropic", "claude-opus-4-5", 200000, 64000, USUAL | CAN(PREFILL) | CAN(BUDGET_THINKING), CAN(ADAPTIVE_THINKING), "" },
    { "anthropic", "claude-sonnet-5-5", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(SAMPLING) | CAN(FORCED_TOOLS) | CAN(PREFILL) | CAN(BUDGET_THINKING), "low medium high xhigh max" },
    { "anthropic", "claude-sonnet-5", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(SAMPLING) | CAN(PREFILL) | CAN(BUDGET_THINKING), "low medium high xhigh max" },
    { "anthropic", "claude-sonnet-4-6", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(PREFILL), "low medium high max" },
    { "anthropic", "claude-sonnet-4-5", 200000, 64000, USUAL | CAN(PREFILL) | CAN(BUDGET_THINKING), CAN(ADAPTIVE_THINKING), "" },
    { "anthropic", "claude-haiku-5-5", 1000000, 128000, USUAL | CAN(ADAPTIVE_THINKING), CAN(SAMPLING) | CAN(PREFILL) | CAN(BUDGET_THINKING), "low medium high xhigh max" },
    { "anthropic", "claude-haiku-4-5", 200000, 64000, USUAL | CAN(PREFILL) | CAN(BUDGET_THINKING), CAN(ADAPTIVE_THINKING), "" },
    { "gemini", "gemini-4-argon", 1048576, 1048576, USUAL | CAN(AUDIO_IN) | CAN(PARALLEL_TOOLS) | CAN(VIDEO_IN) | CAN(LEVEL_THINKING), 0, "low medium high" },
    { "gemini", "gemini-3.8-flash", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(PARALLEL_TOOLS) | CAN(VIDEO_IN) | CAN(LEVEL_THINKING), CAN(SAMPLING), "low medium high" },
    { "gemini", "gemini-3.7-flash", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(PARALLEL_TOOLS) | CAN(VIDEO_IN) | CAN(LEVEL_THINKING), CAN(SAMPLING), "low medium high" },
    { "gemini", "gemini-3.6-flash", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(PARALLEL_TOOLS) | CAN(VIDEO_IN) | CAN(LEVEL_THINKING), CAN(SAMPLING), "" },
    { "gemini", "gemini-3.5-flash", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(PARALLEL_TOOLS) | CAN(VIDEO_IN) | CAN(LEVEL_THINKING), 0, "" },
    { "gemini", "gemini-3.5-flash-lite", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(PARALLEL_TOOLS) | CAN(VIDEO_IN) | CAN(LEVEL_THINKING), CAN(SAMPLING), "" },
    { "gemini", "gemini-3.1-pro-preview", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(VIDEO_IN) | CAN(LEVEL_THINKING), 0, "" },
    { "gemini", "gemini-3.1-flash-lite", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(PARALLEL_TOOLS) | CAN(VIDEO_IN) | CAN(LEVEL_THINKING), 0, "" },
    { "gemini", "gemini-3-flash-preview", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(PARALLEL_TOOLS) | CAN(LEVEL_THINKING), 0, "" },
    { "gemini", "gemini-2.5-pro", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(VIDEO_IN) | CAN(BUDGET_THINKING), 0, "" },
    { "gemini", "gemini-2.5-flash", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(PARALLEL_TOOLS) | CAN(BUDGET_THINKING), 0, "" },
    { "gemini", "gemini-2.5-flash-lite", 1048576, 65536, USUAL | CAN(AUDIO_IN) | CAN(PARALLEL_TOOLS) | CAN(BUDGET_THINKING), 0, "" },
    { "mistral", "mistral-large-4", 1048576, 1048576, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "mistral", "mistral-large-latest", 262144, 262144, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "mistral", "mistral-medium-latest", 262144, 262144, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "mistral", "mistral-small-latest", 262144, 262144, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "mistral", "codestral-latest", 128000, 128000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(JSON_SCHEMA) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "mistral", "devstral-latest", 256000, 256000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "mistral", "ministral-8b-latest", 262144, 262144, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "mistral", "magistral-medium-latest", 262144, 262144, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "groq", "openai/gpt-oss-120b", 131072, 65536, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(PARALLEL_TOOLS) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "groq", "openai/gpt-oss-20b", 131072, 65536, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(PARALLEL_TOOLS) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "groq", "qwen/qwen3.8-27b", 131072, 16384, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(STREAMING), 0, "" },
    { "deepseek", "deepseek-flash", 1000000, 393216, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(PARALLEL_TOOLS) | CAN(VISION) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "deepseek", "deepseek-v4-flash", 1000000, 393216, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(PARALLEL_TOOLS) | CAN(VISION) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "deepseek", "deepseek-v4-pro", 1000000, 393216, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(PARALLEL_TOOLS) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(PREFILL) | CAN(STREAMING), 0, "" },
    { "xai", "grok-4.7", 500000, 500000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "xai", "grok-4.6", 500000, 500000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "xai", "grok-4.5", 500000, 500000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "xai", "grok-4.3", 1000000, 1000000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "xai", "grok-4.20-reasoning", 1000000, 1000000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "xai", "grok-4.20-non-reasoning", 1000000, 1000000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "together", "moonshotai/Kimi-K3", 1048576, 1048576, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(PARALLEL_TOOLS) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "together", "zai-org/GLM-5.3", 1048575, 128000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(PARALLEL_TOOLS) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "together", "deepseek-ai/DeepSeek-V4.1-Flash-1017", 1048576, 1048576, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "together", "Qwen/Qwen3.8-Flash", 1000000, 1000000, CAN(STREAMING), 0, "" },
    { "fireworks", "accounts/fireworks/models/kimi-k3", 1048576, 131072, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(STREAMING), 0, "" },
    { "fireworks", "accounts/fireworks/models/glm-5p3", 1048576, 128000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(STREAMING), 0, "" },
    { "cerebras", "gpt-oss-120b", 131072, 32768, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(PARALLEL_TOOLS) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(STREAMING), 0, "" },
    { "cerebras", "qwen-3.8-27b", 65536, 32768, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(PARALLEL_TOOLS) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(STREAMING), 0, "" },
    { "perplexity", "sonar", 128000, 128000, CAN(STREAMING), 0, "" },
    { "perplexity", "sonar-pro", 200000, 8000, CAN(STREAMING), 0, "" },
    { "perplexity", "sonar-reasoning-pro", 128000, 128000, CAN(REASONING) | CAN(STREAMING), 0, "" },
    { "moonshot", "kimi-k3", 1048576, 1048576, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(VIDEO_IN) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "zai", "glm-5.3", 1000000, 128000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING), 0, "" },
    { "cohere", "command-a-plus-05-2026", 128000, 64000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(BUDGET_THINKING) | CAN(STREAMING), CAN(PDF), "" },
    { "cohere", "command-a-03-2025", 256000, 8000, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(JSON_SCHEMA) | CAN(STREAMING), CAN(PDF) | CAN(VISION) | CAN(REASONING), "" },
    { "cohere", "command-r-plus-08-2024", 128000, 4096, CAN(TOOLS) | CAN(JSON_SCHEMA) | CAN(STREAMING), CAN(PDF) | CAN(VISION) | CAN(REASONING) | CAN(TOOL_CHOICE), "" },
    { "cohere", "command-r7b-12-2024", 128000, 4096, CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(JSON_SCHEMA) | CAN(STREAMING), CAN(PDF) | CAN(VISION) | CAN(REASONING), "" },
};

static aigw_str str(const char *s) { return aigw_base_str(s); }

/* ---- what is there without a file */

static int add_provider(config *c, const char *name, const char *url, const char *key, const aigw_dialect *d, int other) {
    aigw_registry_provider p;
    memset(&p, 0, sizeof p);
    p.name = str(name);
    p.dialect = d;
    p.other = (uint8_t)other;
    p.key = str(key);
    p.at = AIGW_NOWHERE;
    return aigw_registry_url(str(url), &p) < 0 || !aigw_registry_add_provider(&c->registry, &p) ? -1 : 0;
}

#ifndef GATEWAY_NO_MOCK
static int add_mock(config *c) {
    static const struct { const char *name; const aigw_dialect *d; int other; } rows[] = {
        { "mock", &aigw_dialect_openai, 1 }, { "mock/openai", &aigw_dialect_openai, 0 }, { "mock/responses", &aigw_dialect_responses, 0 }, { "mock/anthropic", &aigw_dialect_anthropic, 0 }, { "mock/gemini", &aigw_dialect_gemini, 0 },
        { "mock/bedrock", &aigw_dialect_bedrock, 0 }, { "mock/cohere", &aigw_dialect_cohere, 0 }, { "mock/ollama", &aigw_dialect_ollama, 0 }
    };
    static const struct { const char *name, *id; } names[] = { { "mock/echo", "echo" }, { "mock/tools", "tools" }, { "mock/think", "think" } };
    size_t i;
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        if (add_provider(c, rows[i].name, "builtin:", "", rows[i].d, rows[i].other)) return -1;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        aigw_registry_model m;
        memset(&m, 0, sizeof m);
        m.target.name = str(names[i].name);
        m.target.provider = str("mock");
        m.target.id = str(names[i].id);
        m.target.can = USUAL | CAN(LATE_SYSTEM) | CAN(ADAPTIVE_THINKING) | CAN(LEVEL_THINKING);
        m.at = AIGW_NOWHERE;
        if (!aigw_registry_add_model(&c->registry, &m)) return -1;
    }
    return 0;
}
#else
static int add_mock(config *c) { (void)c; return 0; }
#endif

static int add_models(config *c, const char *provider) {
    size_t i;
    for (i = 0; i < sizeof models / sizeof *models; i++) {
        aigw_registry_model m;
        if (strcmp(models[i].provider, provider)) continue;
        memset(&m, 0, sizeof m);
        m.target.name = m.target.id = str(models[i].id);
        m.target.provider = str(provider);
        m.target.can = models[i].can;
        m.target.no = models[i].no;
        m.target.efforts = str(models[i].efforts);
        m.target.context = models[i].context;
        m.target.max_output = models[i].max_output;
        m.at = AIGW_NOWHERE;
        if (!aigw_registry_add_model(&c->registry, &m)) return -1;
    }
    return 0;
}

/* An Ollama server: where OLLAMA_HOST says (as Ollama itself reads it: "host", "host:port", a URL), or ollama.com when there is a key only. Its models are not known
   here: "ollama/NAME". */
static int add_ollama(config *c) {
    const char *host = getenv("OLLAMA_HOST"), *key = getenv("OLLAMA_API_KEY"), *end;
    aigw_str kept;
    char url[300];
    if (host && !*host) host = NULL;
    if ((!host && !(key && *key)) || aigw_registry_provider_of(&c->registry, str("ollama"))) return 0;
    if (!host) snprintf(url, sizeof url, "https://ollama.com");
    else if (strstr(host, "://")) snprintf(url, sizeof url, "%s", host);
    else {
        if (!strncmp(host, "0.0.0.0", 7)) host += 7;           /* what a server listens on: here it is this machine */
        end = strrchr(host, ':');
        snprintf(url, sizeof url, "http://%s%s%s", *host && *host != ':' ? "" : "127.0.0.1", host, end && !strchr(end, ']') ? "" : ":11434");
    }
    kept.p = url;
    kept.n = strlen(url) + 1;
    kept = aigw_base_copy(c->registry.mem, kept);
    return add_provider(c, "ollama", kept.p ? kept.p : "", key && *key ? "env:OLLAMA_API_KEY" : "", &aigw_dialect_ollama, 0);
}

/* Bedrock, by the names that Amazon's own clients read: an API key, else an access key that signs. Its models are not known here: "bedrock/NAME". */
static int add_bedrock(config *c) {
    static const struct { int id; const char *env; } parts[] = {
        { AIGW_AUTH_ACCESS_KEY, "AWS_ACCESS_KEY_ID" }, { AIGW_AUTH_SECRET_KEY, "AWS_SECRET_ACCESS_KEY" }, { AIGW_AUTH_SESSION_TOKEN, "AWS_SESSION_TOKEN" }
    };
    const char *bearer = getenv("AWS_BEARER_TOKEN_BEDROCK"), *id = getenv(parts[0].env), *secret = getenv(parts[1].env), *region = getenv("AWS_REGION");
    const int key = bearer && *bearer, pair = id && *id && secret && *secret;
    aigw_registry_provider *p;
    char text[200];
    aigw_str kept;
    size_t i;
    if (!region || !*region) region = getenv("AWS_DEFAULT_REGION");
    if (!region || !*region) region = "us-east-1";
    if ((!key && !pair) || strlen(region) > 40 || aigw_registry_provider_of(&c->registry, str("bedrock"))) return 0;
    snprintf(text, sizeof text, "https://bedrock-runtime.%s.amazonaws.com", region);
    kept.p = text;
    kept.n = strlen(text) + 1;
    kept = aigw_base_copy(c->registry.mem, kept);
    if (add_provider(c, "bedrock", kept.p ? kept.p : "", key ? "env:AWS_BEARER_TOKEN_BEDROCK" : "", &aigw_dialect_bedrock, 0)) return -1;
    p = aigw_registry_provider_of(&c->registry, str("bedrock"));
    if (key) return 0;
    p->auth.scheme = &aigw_auth_sigv4;
    p->auth.value[AIGW_AUTH_REGION] = aigw_base_copy(c->registry.mem, str(region));
    p->auth.value[AIGW_AUTH_SERVICE] = str("bedrock");
    for (i = 0; i < 3; i++) {
        const char *value = getenv(parts[i].env);
        if (!value || !*value) continue;
        snprintf(text, sizeof text, "env:%s", parts[i].env);
        p->auth.value[parts[i].id] = aigw_base_copy(c->registry.mem, str(text));
    }
    return 0;
}

/* The first of these names (space-separated) that the environment has, in `name`; NULL when it has none. */
static const char *key_of(const char *names, size_t n, char *name, size_t cap) {
    const char *end = names + n;
    while (names < end) {
        size_t len = 0;
        const char *key;
        while (names + len < end && names[len] != ' ') len++;
        snprintf(name, cap, "%.*s", (int)len, names);
        key = getenv(name);
        if (key && *key) return key;
        names += len + 1;
    }
    return NULL;
}

/* Providers of the keys in the environment, with their models, and a route over them. */
static int add_environment(config *c) {
    const size_t most = sizeof usual_models / sizeof *usual_models;
    aigw_registry_route route;
    aigw_str *usual = (aigw_str *)aigw_base_take(c->registry.mem, most, sizeof *usual, sizeof(void *));
    const aigw_family *f;
    size_t i, k;
    memset(&route, 0, sizeof route);
    if (!usual) return -1;
    for (i = 0; (f = aigw_family_at(i)) != NULL; i++) {
        char name[64], reference[80];
        aigw_registry_provider p, *added;
        if (!f->url.n || !aigw_registry_dialect(&c->registry, f->dialect) || aigw_registry_provider_of(&c->registry, f->name)) continue;
        if (!key_of(f->env.p, f->env.n, name, sizeof name)) continue;
        memset(&p, 0, sizeof p);
        p.name = f->name;
        p.dialect = aigw_registry_dialect(&c->registry, f->dialect);
        p.family = f;
        snprintf(reference, sizeof reference, "env:%s", name);
        p.key = aigw_base_copy(c->registry.mem, str(reference));
        if (aigw_registry_url(f->url, &p) < 0) return -1;
        added = aigw_registry_add_provider(&c->registry, &p);
        if (!added || !p.key.p || add_models(c, f->name.p)) return -1;
        for (k = 0; k < most; k++)
            if (!strcmp(usual_models[k].family, f->name.p)) usual[route.n++] = str(usual_models[k].model);
    }
    if (add_bedrock(c)) fprintf(stderr, "aigw: AWS_REGION is no region, and Bedrock is left out\n");
    if (add_ollama(c)) fprintf(stderr, "aigw: OLLAMA_HOST is no address, and is left out\n");
    if (route.n < 2 || aigw_registry_route_of(&c->registry, str("auto"))) return 0;
    route.name = str("auto");
    route.models = usual;
    route.at = AIGW_NOWHERE;
    return aigw_registry_add_route(&c->registry, &route) ? 0 : -1;
}

/* For the start-up text: names, never values. */
static void key_found(config *c, const char *name) {
    int i;
    for (i = 0; i < c->n_found && strcmp(c->found[i], name); i++) {}
    if (i == c->n_found && i < (int)(sizeof c->found / sizeof *c->found)) snprintf(c->found[c->n_found++], sizeof c->found[0], "%.31s", name);
}

/* "env:NAME", or "env:NAME NAME", becomes what the (first) variable holds. 0, or -1: it is not set, and why is said. */
static int from_environment(config *c, const aigw_registry_provider *p, aigw_str *v, FILE *out) {
    const aigw_str said = *v;
    const char *value;
    char name[128];
    if (v->n <= 4 || memcmp(v->p, "env:", 4)) return 0;
    value = key_of(v->p + 4, v->n - 4, name, sizeof name);
    *v = str(value ? value : "");
    if (value) key_found(c, name);
    else fprintf(out, "provider %.*s: not available: environment variable %.*s is not set\n", (int)p->name.n, p->name.p, (int)(said.n - 4), said.p + 4);
    return value ? 0 : -1;
}

/* "file:NAME" becomes what the file holds (a service account's key file). 0, or -1. */
static int from_file(config *c, const aigw_registry_provider *p, aigw_str *v, FILE *out) {
    char name[512], *text;
    FILE *f;
    if (v->n <= 5 || memcmp(v->p, "file:", 5)) return 0;
    snprintf(name, sizeof name, "%.*s", (int)(v->n - 5), v->p + 5);
    text = (char *)aigw_base_take(c->registry.mem, 16384, 1, 1);
    f = text ? fopen(name, "rb") : NULL;
    if (f) {
        v->n = fread(text, 1, 16384, f);
        v->p = text;
        fclose(f);
        if (v->n && v->n < 16384) return 0;
    }
    *v = str("");
    fprintf(out, "provider %.*s: not available: %s cannot be read, is empty or larger than 16 KiB\n", (int)p->name.n, p->name.p, name);
    return -1;
}

/* Can a token be asked for with these credentials? Nothing is sent. NULL, or why not. */
static const char *token_asks(const aigw_registry_provider *p) {
    static char scratch[32768];
    aigw_arena mem = aigw_base_arena(scratch, sizeof scratch);
    aigw_auth_ask ask;
    const char *why = "";
    aigw_now now = { 1, 0 };
    int r;
    now.wall_s = (int64_t)time(NULL);
    memset(&ask, 0, sizeof ask);
    r = p->auth.scheme->ask(&p->auth, now, tls_rs256, NULL, &mem, &ask, &why);
    aigw_digest_wipe(scratch, sizeof scratch);
    return !r ? NULL : *why ? why : aigw_base_error_text(r);
}

/* What configuration names becomes what it stands for; what cannot be reached says why. */
static void resolve(config *c, FILE *out) {
    aigw_registry_provider *p;
    size_t n = 0;
    int i;
    for (p = c->registry.providers; p; p = p->next) {
        const char *why = NULL;
        if (from_environment(c, p, &p->key, out)) {
            why = "no key";
            p->off = str("its key's environment variable is not set");
        }
        for (i = 0; p->auth.scheme && i < AIGW_AUTH_COUNT; i++) {
            if (i == AIGW_AUTH_KEY || (!from_environment(c, p, &p->auth.value[i], out) && !(i == AIGW_AUTH_CREDENTIALS && from_file(c, p, &p->auth.value[i], out)))) continue;
            why = "no credentials";
            p->off = str("its credentials could not be read");
        }
        if ((p->scheme == AIGW_SCHEME_HTTPS || p->auth.scheme == &aigw_auth_gcp) && !tls_name[0]) {
            why = "built without TLS";
            p->off = str(why);
        }
        if (!why && p->auth.scheme && p->auth.scheme->ask && (why = token_asks(p)) != NULL) {
            p->off = str(why);
            fprintf(out, "provider %.*s: not available: %s\n", (int)p->name.n, p->name.p, why);
        }
        if (why && n < sizeof c->note) n += (size_t)snprintf(c->note + n, sizeof c->note - n, "%s%.*s (%s)", n ? ", " : "", (int)p->name.n, p->name.p, why);
    }
}

/* ---- the file */

typedef struct { config *c; const char *file; aigw_str text; FILE *out; int bad; aigw_json j; } reader;

static void complain(reader *r, size_t at, const char *path, const char *what, int warning) {
    size_t column = 1, line = aigw_registry_line(r->text, at, &column);
    fprintf(r->out, "%s:%lu:%lu: %s%s%s%s\n", r->file, (unsigned long)line, (unsigned long)column, warning ? "warning: " : "", path, *path ? ": " : "", what);
    r->bad |= !warning;
}
static void complain_here(reader *r, size_t at, const char *what, int warning) {
    char path[AIGW_PATH_MAX];
    aigw_json_path(r->text, at, path, sizeof path);
    complain(r, at, path, what, warning);
}

static int word(reader *r, char *to, size_t cap) {
    size_t at = aigw_json_at(&r->j);
    aigw_str s;
    if (!aigw_json_str(&r->j, r->c->registry.mem, &s)) return 0;
    if (s.n >= cap) {
        complain_here(r, at, "too long", 0);
        return 0;
    }
    memcpy(to, s.p, s.n);
    to[s.n] = 0;
    return 1;
}

static int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static void tenant_key_read(reader *r, aigw_str tenant) {
    size_t at = aigw_json_at(&r->j), i;
    tenant_key *k = &r->c->keys[r->c->n_keys];
    aigw_str s;
    if (!aigw_json_str(&r->j, r->c->registry.mem, &s)) return;
    if (r->c->n_keys == (int)(sizeof r->c->keys / sizeof *r->c->keys)) {
        complain_here(r, at, "too many keys", 0);
        return;
    }
    if (s.n != 7 + 64 || memcmp(s.p, "sha256:", 7)) {
        complain_here(r, at, "must be \"sha256:\" and 64 hexadecimal digits: printf %s KEY | sha256sum", 0);
        return;
    }
    for (i = 0; i < 32; i++) {
        int hi = hex(s.p[7 + 2 * i]), lo = hex(s.p[8 + 2 * i]);
        if (hi < 0 || lo < 0) {
            complain_here(r, at, "must be 64 hexadecimal digits in lower case", 0);
            return;
        }
        k->key[i] = (uint8_t)(hi << 4 | lo);
    }
    k->name = tenant;
    r->c->n_keys++;
}

/* A pair of a client that signs: {"access_key": "...", "secret": "env:NAME"}. The secret itself must be there to check a signature: it cannot be stored hashed. */
static void tenant_pair_read(reader *r, aigw_str tenant) {
    static const aigw_str names[] = { AIGW_STR("access_key"), AIGW_STR("secret") };
    tenant_pair *p = &r->c->pairs[r->c->n_pairs];
    size_t at = aigw_json_at(&r->j);
    uint64_t seen = 0;
    int f;
    if (r->c->n_pairs == (int)(sizeof r->c->pairs / sizeof *r->c->pairs)) {
        complain_here(r, at, "too many pairs", 0);
        aigw_json_skip(&r->j);
        return;
    }
    memset(p, 0, sizeof *p);
    p->name = tenant;
    for (aigw_json_object(&r->j); (f = aigw_json_field(&r->j, names, 2, &seen)) >= 0; ) {
        if (f < 2) aigw_json_str(&r->j, r->c->registry.mem, f ? &p->secret : &p->access_key);
        else complain_here(r, r->j.key_at, "not used by this version", 1), aigw_json_skip(&r->j);
    }
    if (p->secret.n > 4 && !memcmp(p->secret.p, "env:", 4)) {
        char name[128];
        snprintf(name, sizeof name, "%.*s", (int)(p->secret.n - 4), p->secret.p + 4);
        p->secret = str(getenv(name) ? getenv(name) : "");
        if (!p->secret.n && !r->j.err) complain_here(r, at, "the environment variable of its secret is not set", 0);
    } else if (!r->j.err && (!p->access_key.n || !p->secret.n)) complain_here(r, at, "needs `access_key` and `secret` (\"env:NAME\")", 0);
    r->c->n_pairs++;
}

static void tenants_read(reader *r) {
    aigw_json *j = &r->j;
    for (aigw_json_object(j); aigw_json_member(j); ) {
        aigw_str name = aigw_base_copy(r->c->registry.mem, j->key), keys = str("keys"), sigv4 = str("sigv4");
        int any = 0;
        r->c->tenants++;
        for (aigw_json_object(j); aigw_json_member(j); ) {
            if (aigw_base_eq(j->key, sigv4)) {
                any = 1;
                if (aigw_json_kind(j) != AIGW_JSON_ARRAY) tenant_pair_read(r, name);
                else for (aigw_json_array(j); aigw_json_item(j); ) tenant_pair_read(r, name);
                continue;
            }
            if (!aigw_base_eq(j->key, keys)) {
                complain_here(r, j->key_at, "not used by this version", 1);
                aigw_json_skip(j);
                continue;
            }
            for (aigw_json_array(j); aigw_json_item(j); any = 1) tenant_key_read(r, name);
        }
        if (!any && !j->err) complain_here(r, j->key_at, "the tenant has no keys and no sigv4 pair, so that nobody can use it", 1);
    }
}

static void listen_read(reader *r) {
    size_t at = aigw_json_at(&r->j);
    char text[128], *colon;
    if (!word(r, text, sizeof text)) return;
    colon = strrchr(text, ':');
    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) || atoi(colon + 1) > 65535) {
        complain_here(r, at, "must be \"host:port\", such as \"127.0.0.1:8080\"", 0);
        return;
    }
    *colon = 0;
    r->c->listen_port = atoi(colon + 1);
    if (text[0] == '[' && colon > text && colon[-1] == ']') {
        colon[-1] = 0;
        memmove(text, text + 1, strlen(text));
    }
    snprintf(r->c->listen_host, sizeof r->c->listen_host, "%s", text);
}

static void server_read(reader *r) {
    enum { VERSION, LISTEN, HOSTS, TENANTS, CA_FILE, LOG_FORMAT, PROVIDERS, MODELS, ROUTES, COUNT };
    static const aigw_str names[] = { AIGW_STR("version"), AIGW_STR("listen"), AIGW_STR("hosts"), AIGW_STR("tenants"), AIGW_STR("ca_file"), AIGW_STR("log_format"),
        AIGW_STR("providers"), AIGW_STR("models"), AIGW_STR("routes") };
    aigw_json *j = &r->j;
    config *c = r->c;
    char format[16];
    uint64_t seen = 0;
    int64_t version;
    size_t at;
    int f;
    aigw_json_init(j, r->text);
    for (aigw_json_object(j); (f = aigw_json_field(j, names, COUNT, &seen)) >= 0; ) {
        at = aigw_json_at(j);
        switch (f) {
        case VERSION:
            if (aigw_json_int(j, &version) && version != 1) complain_here(r, at, "must be 1", 0);
            break;
        case LISTEN: listen_read(r); break;
        case HOSTS:
            for (aigw_json_array(j); aigw_json_item(j); ) {
                if (c->n_hosts == (int)(sizeof c->hosts / sizeof *c->hosts)) complain_here(r, at, "too many", 0), aigw_json_skip(j);
                else if (aigw_json_str(j, c->registry.mem, &c->hosts[c->n_hosts])) c->n_hosts++;
            }
            break;
        case TENANTS: tenants_read(r); break;
        case CA_FILE: word(r, c->ca_file, sizeof c->ca_file); break;
        case LOG_FORMAT:
            if (!word(r, format, sizeof format)) break;
            c->log_format = !strcmp(format, "json") ? 'j' : !strcmp(format, "logfmt") ? 'l' : !strcmp(format, "off") ? 'o' : 0;
            if (!c->log_format) complain_here(r, at, "must be \"json\", \"logfmt\" or \"off\"", 0);
            break;
        case PROVIDERS: case MODELS: case ROUTES: aigw_json_skip(j); break;      /* the registry's own */
        default:
            complain_here(r, j->key_at, "not used by this version", 1);
            aigw_json_skip(j);
        }
    }
    if (aigw_json_end(j)) complain_here(r, aigw_json_at(j), j->why, 0);
}

static int file_read(config *c, const char *file, FILE *out, char *text, size_t cap) {
    static aigw_fault faults[64];
    aigw_registry_faults list;
    reader r;
    FILE *f = fopen(file, "rb");
    size_t n, i;
    if (!f) {
        fprintf(out, "%s: cannot be read\n", file);
        return -1;
    }
    n = fread(text, 1, cap, f);
    fclose(f);
    if (n == cap) {
        fprintf(out, "%s: larger than %lu bytes\n", file, (unsigned long)cap);
        return -1;
    }
    aigw_registry_blank(text, n);
    memset(&r, 0, sizeof r);
    r.c = c;
    r.file = file;
    r.out = out;
    r.text.p = text;
    r.text.n = n;
    server_read(&r);
    if (r.j.err) return -1;
    memset(&list, 0, sizeof list);
    list.items = faults;
    list.cap = sizeof faults / sizeof *faults;
    aigw_registry_read(&c->registry, r.text, &list);
    for (i = 0; i < list.n && i < list.cap; i++) complain(&r, faults[i].at, faults[i].path, faults[i].text ? faults[i].text : aigw_base_error_text(faults[i].code), faults[i].code == AIGW_E_UNSUPPORTED);
    return r.bad ? -1 : 0;
}

int config_load(config *c, const char *file, FILE *out) {
    static const size_t text_max = CONFIG_BYTES / 4;
    char *memory = c->memory;
    size_t bytes = c->bytes;
    aigw_arena *mem;
    memset(c, 0, sizeof *c);
    c->memory = memory;
    c->bytes = bytes;
    snprintf(c->listen_host, sizeof c->listen_host, "127.0.0.1");
    c->listen_port = 8080;
    mem = (aigw_arena *)(void *)memory;                      /* the arena stands at the start of its own memory: it moves with the slot */
    *mem = aigw_base_arena(memory + 64 + text_max, bytes - 64 - text_max);
    aigw_registry_init(&c->registry, dialects, sizeof dialects / sizeof *dialects, mem);
    if (add_mock(c) || (file && file_read(c, file, out, memory + 64, text_max))) return -1;       /* first, so that a route of the file may name mock/echo */
    if (add_environment(c)) {
        fprintf(out, "the configuration does not fit in %lu bytes\n", (unsigned long)bytes);
        return -1;
    }
    resolve(c, out);
    return 0;
}
