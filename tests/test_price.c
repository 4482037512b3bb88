/* SPDX-License-Identifier: MIT OR Unlicense */
/* Prices: usages and their cost against tests/cases/price.txt, whose figures come from elsewhere (by hand, and exact rational arithmetic); the bound
   against every usage within it; and the size of requests, by table and against what recorded providers counted. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"

static aigw_str str(const char *s) { return aigw_base_str(s); }

/* ---- the table */

enum { PRICES = 128 };
static struct { char name[64], term[AIGW_PRICE_TIERS][16]; aigw_registry_price price; } prices[PRICES];
static int prices_n;

static aigw_registry_rate rate_of(const char *p, int64_t *fee) {
    long long v[9] = { 0 };
    aigw_registry_rate r;
    sscanf(p, "%lld %lld %lld %lld %lld %lld %lld %lld %lld", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8]);
    r.input = v[0], r.cached = v[1], r.cache_write = v[2], r.cache_write_long = v[3], r.output = v[4], r.reasoning = v[5];
    r.input_audio = v[6], r.output_audio = v[7];
    r.output_image = -1;
    if (fee) *fee = v[8];
    return r;
}
static int price_named(const char *name) {
    int i = 0;
    while (i < prices_n && strcmp(prices[i].name, name)) i++;
    return i;
}
static void read_price(const char *line) {
    char name[64], word[16];
    int at = 0, i;
    long long above;
    aigw_registry_price *p;
    if (sscanf(line, "price %63s %n", name, &at) == 1 && at && prices_n < PRICES) {
        strcpy(prices[prices_n].name, name);
        p = &prices[prices_n++].price;
        memset(p, 0, sizeof *p);
        p->known = 1;
        p->tools_nusd = -1;
        p->rate = rate_of(line + at, &p->request_nusd);
    } else if (sscanf(line, "tier %63s %lld %n", name, &above, &at) == 2 && at) {
        p = &prices[price_named(name)].price;
        p->tier[p->tiers].above = above;
        p->tier[p->tiers++].rate = rate_of(line + at, NULL);
    } else if (sscanf(line, "term %63s %15s %n", name, word, &at) == 2 && at) {
        i = price_named(name);
        p = &prices[i].price;
        strcpy(prices[i].term[p->terms], word);
        p->term[p->terms].name = str(prices[i].term[p->terms]);
        p->term[p->terms++].rate = rate_of(line + at, NULL);
    }
}
static aigw_usage usage_of(const char *p) {
    static const struct { const char *name; uint32_t bit; } names[] = {
        { " i=", AIGW_USAGE_INPUT }, { " c=", AIGW_USAGE_CACHED }, { " w=", AIGW_USAGE_CACHE_WRITE }, { " o=", AIGW_USAGE_OUTPUT },
        { " r=", AIGW_USAGE_REASONING }, { " ia=", AIGW_USAGE_INPUT_AUDIO }, { " oa=", AIGW_USAGE_OUTPUT_AUDIO } };
    int64_t v[7] = { 0 };
    aigw_usage u;
    memset(&u, 0x55, sizeof u);                                             /* what has no bit must not be looked at */
    u.has = 0;
    u.tier[0] = 0;
    for (size_t i = 0; i < T_COUNT(names); i++) {
        const char *at = strstr(p, names[i].name);
        if (!at) continue;
        v[i] = strtoll(at + strlen(names[i].name), NULL, 10);
        u.has |= names[i].bit;
    }
    if (u.has & AIGW_USAGE_INPUT) u.input = v[0];
    if (u.has & AIGW_USAGE_CACHED) u.cached = v[1];
    if (u.has & AIGW_USAGE_CACHE_WRITE) u.cache_write = v[2];
    if (u.has & AIGW_USAGE_OUTPUT) u.output = v[3];
    if (u.has & AIGW_USAGE_REASONING) u.reasoning = v[4];
    if (u.has & AIGW_USAGE_INPUT_AUDIO) u.input_audio = v[5];
    if (u.has & AIGW_USAGE_OUTPUT_AUDIO) u.output_audio = v[6];
    return u;
}
static aigw_price_terms terms_of(char *word) {
    aigw_price_terms t;
    memset(&t, 0, sizeof t);
    if (strstr(word, "long")) t.long_cache = 1;
    if (strstr(word, "batch")) t.batch = 1;
    t.tier.p = word;
    t.tier.n = strcspn(word, "+");
    if (!t.tier.n || word[0] == '-' || t.batch || !strncmp(word, "long", 4)) t.tier.n = 0;
    return t;
}
static void check_cost(char *line) {
    char name[64], terms[32];
    char *want = strstr(line, " = ");
    long long v[6];
    int i;
    aigw_price_terms t;
    aigw_price_cost c;
    aigw_usage u;
    if (!want || sscanf(line, "cost %63s %31s", name, terms) != 2) { t_fail("a line that cannot be read"); return; }
    sscanf(want, " = %lld %lld %lld %lld %lld %lld", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]);
    *want = 0;
    i = price_named(name);
    t_row(line);
    if (i == prices_n) { t_fail("no such price"); return; }
    u = usage_of(line);
    t = terms_of(terms);
    t_int("priced", aigw_price_usage(&prices[i].price, &u, !strcmp(terms, "-") ? NULL : &t, &c), AIGW_OK);
    t_int("sum", c.nusd, v[0]);
    t_int("input", c.input_nusd, v[1]);
    t_int("cached", c.cached_nusd, v[2]);
    t_int("cache write", c.cache_write_nusd, v[3]);
    t_int("output", c.output_nusd, v[4]);
    t_int("reasoning", c.reasoning_nusd, v[5]);
    t_int("fee", c.request_nusd, prices[i].price.request_nusd);
}
T(table) {
    t_bytes b = t_file("tests/cases/price.txt");
    char *text = (char *)t_alloc(b.n + 1), *line, *next;
    int costs = 0;
    if (b.n) memcpy(text, b.p, b.n);
    text[b.n] = 0;
    prices_n = 0;
    for (line = text; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next) *next++ = 0;
        if (!strncmp(line, "cost ", 5)) { check_cost(line); costs++; }
        else read_price(line);
    }
    t_row(NULL);
    t_ok("usages", costs >= 400);
    t_ok("prices", prices_n >= 40);
}

/* ---- edges */

static aigw_registry_rate plain(int64_t input, int64_t output) {
    aigw_registry_rate r = { 0, -1, -1, -1, 0, -1, -1, -1, -1 };
    r.input = input;
    r.output = output;
    return r;
}
static aigw_registry_price price_of(int64_t input, int64_t output) {
    aigw_registry_price p;
    memset(&p, 0, sizeof p);
    p.known = 1;
    p.tools_nusd = -1;
    p.rate = plain(input, output);
    return p;
}
T(unpriced) {
    aigw_registry_price p = price_of(1000, 1000);
    aigw_usage u = usage_of(" i=5 o=5");
    aigw_price_cost c;
    int64_t nusd = 7;
    p.known = 0;
    t_int("usage", aigw_price_usage(&p, &u, NULL, &c), AIGW_E_MISSING);
    t_int("nothing", c.nusd, 0);
    t_int("bound", aigw_price_bound(&p, 5, 5, 0, NULL, &nusd), AIGW_E_MISSING);
    p.known = 1;
    t_int("no ceiling of fees", aigw_price_bound(&p, 5, 5, 1, NULL, &nusd), AIGW_E_MISSING);
    t_int("no hosted tools", aigw_price_bound(&p, 5000000, 0, 0, NULL, &nusd), AIGW_OK);
    t_int("5,000,000 at 1,000 a million", nusd, 5000);
    p.tools_nusd = 30;
    t_int("a ceiling", aigw_price_bound(&p, 5000000, 0, 2, NULL, &nusd), AIGW_OK);
    t_int("once", nusd, 5030);
    p = price_of(0, 0);
    t_int("a model that is free", aigw_price_bound(&p, 5000000, 5000000, 0, NULL, &nusd), AIGW_OK);
    t_int("costs nothing", nusd, 0);
}
/* A client cannot choose what may be dearer and is not listed: it has no bound. */
static const struct { const char *label, *tier; int batch, hears, speaks; const char *lacks; int draws; } lacks[] = {
    { "the usual terms", "", 0, 0, 0, NULL, 0 },
    { "priority", "priority", 0, 0, 0, "terms", 0 },
    { "fast", "fast", 0, 0, 0, "terms", 0 },
    { "a word that nobody knows", "ultrafast", 0, 0, 0, "terms", 0 },
    { "flex is never dearer", "flex", 0, 0, 0, NULL, 0 },
    { "batch is never dearer", "", 1, 0, 0, NULL, 0 },
    { "sound heard", "", 0, 1, 0, "audio_input", 0 },
    { "sound spoken", "", 0, 0, 1, "audio_output", 0 },
    { "pictures", "", 0, 0, 0, "image_output", 1 },
};
T(what_may_be_dearer_and_has_no_price_has_no_bound) {
    for (size_t i = 0; i < T_COUNT(lacks); i++) {
        aigw_registry_price p = price_of(1000, 1000);
        aigw_price_terms t;
        const char *what;
        int64_t nusd;
        t_row(lacks[i].label);
        memset(&t, 0, sizeof t);
        t.tier = str(lacks[i].tier);
        t.batch = (uint8_t)lacks[i].batch;
        t.hears = (uint8_t)lacks[i].hears;
        t.speaks = (uint8_t)lacks[i].speaks;
        t.draws = (uint8_t)lacks[i].draws;
        what = aigw_price_lacks(&p, 0, &t);
        t_str("lacks", what ? what : "", what ? strlen(what) : 0, lacks[i].lacks ? lacks[i].lacks : "");
        t_int("bound", aigw_price_bound(&p, 5, 5, 0, &t, &nusd), lacks[i].lacks ? AIGW_E_MISSING : AIGW_OK);
        p.terms = 1;
        p.term[0].name = t.tier;
        p.term[0].rate = plain(2000, 2000);
        p.rate.input_audio = p.rate.output_audio = p.rate.output_image = 7000;
        t_int("with its price", aigw_price_bound(&p, 5, 5, 0, &t, &nusd), AIGW_OK);
        memset(&p, 0, sizeof p);
        p.known = 1;
        t_int("what is free is free", aigw_price_bound(&p, 5, 5, 0, &t, &nusd), AIGW_OK);
    }
}
T(saturates) {
    aigw_registry_price p = price_of(INT64_MAX, INT64_MAX);
    aigw_usage u = usage_of(" i=9223372036854775807 c=9223372036854775807 w=9223372036854775807 o=9223372036854775807 r=9223372036854775807");
    aigw_price_cost c;
    int64_t nusd;
    p.request_nusd = INT64_MAX;
    t_int("usage", aigw_price_usage(&p, &u, NULL, &c), AIGW_OK);
    t_int("the most", c.nusd, INT64_MAX);
    t_int("bound", aigw_price_bound(&p, INT64_MAX, INT64_MAX, 0, NULL, &nusd), AIGW_OK);
    t_int("the most", nusd, INT64_MAX);
    /* 3,000,001 * 9,999,999,999,999 / 10^6 = 30,000,009,999,996.999999 */
    p = price_of(INT64_C(9999999999999), 0);
    u = usage_of(" i=3000001");
    aigw_price_usage(&p, &u, NULL, &c);
    t_int("beyond the quick way", c.nusd, INT64_C(30000009999997));
    t_int("cut", c.input_nusd, INT64_C(30000009999996));
    p.rate.input = -1;
    u.input = -7;
    u.output = 3;
    u.has |= AIGW_USAGE_OUTPUT;
    aigw_price_usage(&p, &u, NULL, &c);
    t_int("below nothing is nothing", c.nusd, 0);
}

/* ---- the bound */

static int64_t random_rate(void) {
    switch (t_below(6)) {
    case 0:  return -1;
    case 1:  return (int64_t)t_below(10);
    case 2:  return (int64_t)(t_rand() >> (1 + t_below(62)));
    default: return (int64_t)t_below(20) * 500000000;
    }
}
static aigw_registry_rate random_rates(void) {
    aigw_registry_rate r;
    r.input = random_rate(), r.cached = random_rate(), r.cache_write = random_rate(), r.cache_write_long = random_rate();
    r.output = random_rate(), r.reasoning = random_rate(), r.input_audio = random_rate(), r.output_audio = random_rate(), r.output_image = random_rate();
    return r;
}
static aigw_registry_price random_price(void) {
    static const char *const names[AIGW_PRICE_TIERS] = { "flex", "priority", "batch" };
    aigw_registry_price p;
    memset(&p, 0, sizeof p);
    p.known = 1;
    p.tools_nusd = (int64_t)t_below(1000);
    p.request_nusd = (int64_t)t_below(2000) - 1000;
    p.rate = random_rates();
    p.tiers = (uint8_t)t_below(AIGW_PRICE_TIERS + 1);
    p.terms = (uint8_t)t_below(AIGW_PRICE_TIERS + 1);
    for (int i = 0; i < AIGW_PRICE_TIERS; i++) {
        p.tier[i].above = (int64_t)t_below(2000);
        p.tier[i].rate = random_rates();
        p.term[i].name = str(names[i]);
        p.term[i].rate = random_rates();
    }
    return p;
}
/* Any split of at most so many tokens. */
static aigw_usage random_usage(int64_t input, int64_t output) {
    aigw_usage u;
    memset(&u, 0, sizeof u);
    u.has = (uint32_t)t_below(256);
    u.input = (int64_t)t_below((size_t)input + 1);
    u.cached = (int64_t)t_below((size_t)(u.has & AIGW_USAGE_INPUT ? u.input : input) + 1);
    u.cache_write = (int64_t)t_below((size_t)((u.has & AIGW_USAGE_INPUT ? u.input : input) - (u.has & AIGW_USAGE_CACHED ? u.cached : 0)) + 1);
    u.input_audio = (int64_t)t_below((size_t)input + 1);
    u.output = (int64_t)t_below((size_t)output + 1);
    u.reasoning = (int64_t)t_below((size_t)output + 1);
    output -= u.has & AIGW_USAGE_REASONING ? u.reasoning : 0;
    u.output_audio = (int64_t)t_below((size_t)output + 1);
    output -= u.has & AIGW_USAGE_OUTPUT_AUDIO ? u.output_audio : 0;
    u.output_image = (int64_t)t_below((size_t)output + 1);
    return u;
}
T(bound) {
    static const char *const tiers[] = { "", "flex", "priority", "scale" };
    static const char *const says[] = { "", "default", "flex", "priority", "fast", "batch" };
    for (int round = 0; round < 20000; round++) {
        aigw_registry_price p = random_price();
        aigw_price_terms t;
        aigw_price_cost c;
        int64_t input = (int64_t)t_below(4000), output = (int64_t)t_below(3000), bound, more;
        uint32_t tools = (uint32_t)t_below(2);
        aigw_usage u = random_usage(input, output);
        memset(&t, 0, sizeof t);
        t.tier = str(tiers[t_below(4)]);
        t.batch = (uint8_t)t_below(2);
        t.long_cache = (uint8_t)t_below(2);
        if (aigw_price_lacks(&p, tools, &t)) {
            if (!t_ok("no bound", aigw_price_bound(&p, input, output, tools, &t, &bound) == AIGW_E_MISSING)) return;
            continue;
        }
        strcpy(u.tier, says[t_below(6)]);
        aigw_price_usage(&p, &u, &t, &c);
        aigw_price_bound(&p, input, output, tools, &t, &bound);
        aigw_price_bound(&p, input + (int64_t)t_below(50), output + (int64_t)t_below(50), tools, &t, &more);
        if (!t_ok("no usage costs more", c.nusd <= bound)) return;
        if (!t_ok("more tokens, no less money", bound <= more)) return;
        if (!t_ok("no part below nothing", c.input_nusd >= 0 && c.cached_nusd >= 0 && c.cache_write_nusd >= 0 && c.output_nusd >= 0 && c.reasoning_nusd >= 0)) return;
    }
}
/* Parts and sum: the sum is what is left when parts are rounded down, and less than one for each of them more. */
T(parts) {
    for (int round = 0; round < 20000; round++) {
        aigw_registry_price p = price_of((int64_t)t_below(1000000000), (int64_t)t_below(1000000000));
        aigw_usage u = random_usage(5000, 5000);
        aigw_price_cost c;
        int64_t sum;
        p.rate.cached = (int64_t)t_below(10000000);
        aigw_price_usage(&p, &u, NULL, &c);
        sum = c.input_nusd + c.cached_nusd + c.cache_write_nusd + c.output_nusd + c.reasoning_nusd + c.request_nusd;
        if (!t_ok("sum", c.nusd >= sum && c.nusd <= sum + 5)) return;
    }
}

/* ---- sizes */

static char mem[1 << 22];
static int decode(const aigw_dialect *d, const aigw_head *head, aigw_str body, aigw_req *req) {
    aigw_arena a = aigw_base_arena(mem, sizeof mem);
    aigw_fault fault;
    memset(&fault, 0, sizeof fault);
    memset(req, 0, sizeof *req);
    return d->req_decode(head, body, &a, req, &fault);
}
#define USER(content) "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":" content "}]"
/* bytes: 256 for a request, 16 for a message, and what is in it. */
static const struct { const char *label, *body; int64_t bytes, parts; int unknown; uint32_t choices, hosted; int64_t max; } sizes[] = {
    { "text", USER("\"Hello\"") "}", 256 + 16 + 5, 0, 0, 1, 0, -1 },
    { "escaped text counts as it stands", USER("\"\\u00e9\\n\"") "}", 256 + 16 + 8, 0, 0, 1, 0, -1 },
    { "parts and names", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"name\":\"bob\",\"content\":[{\"type\":\"text\",\"text\":\"ab\"},{\"type\":\"text\",\"text\":\"c\"}]}]}",
      256 + 16 + 3 + 3, 0, 0, 1, 0, -1 },
    { "choices and output", USER("\"\"") ",\"n\":3,\"max_completion_tokens\":77}", 256 + 16, 0, 0, 3, 0, 77 },
    { "a picture", USER("[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a/b.png\"}}]") "}", 256 + 16, 48169, 0, 1, 0, -1 },
    { "a picture, low", USER("[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a/b.png\",\"detail\":\"low\"}}]") "}", 256 + 16, 16384, 0, 1, 0, -1 },
    { "sound: 32 bytes of wav", USER("[{\"type\":\"input_audio\",\"input_audio\":{\"format\":\"wav\",\"data\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}]") "}",
      256 + 16, 3, 0, 1, 0, -1 },
    { "sound of a kind that may be long", USER("[{\"type\":\"input_audio\",\"input_audio\":{\"format\":\"flac\",\"data\":\"AAAA\"}}]") "}", 256 + 16, 0, 1, 1, 0, -1 },
    { "a PDF", USER("[{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":\"data:application/pdf;base64,AAAA\"}}]") "}", 256 + 16 + 5, 0, 1, 1, 0, -1 },
    { "a file that is text", USER("[{\"type\":\"file\",\"file\":{\"filename\":\"a\",\"file_data\":\"data:text/plain;base64,AAAA\"}}]") "}", 256 + 16 + 1 + 4, 0, 0, 1, 0, -1 },
    { "a tool", USER("\"x\"") ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"de\",\"parameters\":{\"type\":\"object\"}}}]}",
      256 + 16 + 1 + 1024 + 32 + 1 + 2 + 17, 0, 0, 1, 0, -1 },
    { "a schema", USER("\"x\"") ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{}}}}", 256 + 16 + 1 + 256 + 1 + 2, 0, 0, 1, 0, -1 },
    { "a call and its result", "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
      "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"ok\"}]}", 256 + 16 + 2 + 1 + 2 + 16 + 16 + 2 + 2, 0, 0, 1, 0, -1 },
    { "search by the provider", USER("\"x\"") ",\"web_search_options\":{}}", 256 + 16 + 1 + 2, 0, 1, 1, 0, -1 },
};
/* What requests of each dialect ask for. */
static const struct { const char *label; const aigw_dialect *d; const char *body, *tier; int hears, speaks, draws; } asks[] = {
    { "nothing", &aigw_dialect_openai, USER("\"x\"") "}", "", 0, 0, 0 },
    { "auto", &aigw_dialect_openai, USER("\"x\"") ",\"service_tier\":\"auto\"}", "", 0, 0, 0 },
    { "null", &aigw_dialect_openai, USER("\"x\"") ",\"service_tier\":null}", "", 0, 0, 0 },
    { "default", &aigw_dialect_openai, USER("\"x\"") ",\"service_tier\":\"default\"}", "", 0, 0, 0 },
    { "priority", &aigw_dialect_openai, USER("\"x\"") ",\"service_tier\":\"priority\"}", "priority", 0, 0, 0 },
    { "batch is not a word of clients", &aigw_dialect_openai, USER("\"x\"") ",\"service_tier\":\"batch\"}", "", 0, 0, 0 },
    { "the dearer of two", &aigw_dialect_openai, USER("\"x\"") ",\"service_tier\":\"flex\",\"speed\":\"fast\"}", "fast", 0, 0, 0 },
    { "a usual one behind it", &aigw_dialect_openai, USER("\"x\"") ",\"service_tier\":\"priority\",\"speed\":\"standard\"}", "priority", 0, 0, 0 },
    { "text alone", &aigw_dialect_openai, USER("\"x\"") ",\"modalities\":[\"text\"]}", "", 0, 0, 0 },
    { "text and sound", &aigw_dialect_openai, USER("\"x\"") ",\"modalities\":[\"text\",\"audio\"]}", "", 0, 1, 0 },
    { "sound by an escape", &aigw_dialect_openai, USER("\"x\"") ",\"modalities\":[\"text\",\"\\u0061udio\"]}", "", 0, 1, 0 },
    { "sound heard", &aigw_dialect_openai, USER("[{\"type\":\"input_audio\",\"input_audio\":{\"format\":\"wav\",\"data\":\"AAAA\"}}]") "}", "", 1, 0, 0 },
    { "Responses", &aigw_dialect_responses, "{\"model\":\"m\",\"input\":\"x\",\"service_tier\":\"priority\"}", "priority", 0, 0, 0 },
    { "Anthropic", &aigw_dialect_anthropic, "{\"model\":\"m\",\"max_tokens\":5,\"service_tier\":\"standard_only\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "", 0, 0, 0 },
    { "its speed", &aigw_dialect_anthropic, "{\"model\":\"m\",\"max_tokens\":5,\"speed\":\"fast\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "fast", 0, 0, 0 },
    { "Gemini", &aigw_dialect_gemini, "{\"serviceTier\":\"priority\",\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}", "priority", 0, 0, 0 },
    { "its sound", &aigw_dialect_gemini, "{\"generationConfig\":{\"responseModalities\":[\"AUDIO\"]},\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}", "", 0, 1, 0 },
    { "Bedrock", &aigw_dialect_bedrock, "{\"serviceTier\":{\"type\":\"priority\"},\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]}", "priority", 0, 0, 0 },
    { "Bedrock, the usual", &aigw_dialect_bedrock, "{\"serviceTier\":{\"type\":\"default\"},\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]}", "", 0, 0, 0 },
    { "pictures", &aigw_dialect_openai, USER("\"x\"") ",\"modalities\":[\"text\",\"image\"]}", "", 0, 0, 1 },
    { "Gemini's pictures", &aigw_dialect_gemini, "{\"generationConfig\":{\"responseModalities\":[\"TEXT\",\"IMAGE\"]},\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}", "", 0, 0, 1 },
};
T(terms_that_are_asked_for) {
    for (size_t i = 0; i < T_COUNT(asks); i++) {
        aigw_header fields[4];
        aigw_head head = { { NULL, 0 }, { NULL, 0 }, 0, fields, 0, 4 };
        aigw_price_terms t;
        aigw_req req;
        aigw_str b;
        t_row(asks[i].label);
        b.n = strlen(asks[i].body);
        b.p = t_dup(asks[i].body, b.n);
        head.method = str("POST");
        head.target = str(asks[i].d == &aigw_dialect_gemini ? "/v1beta/models/m:generateContent" : asks[i].d == &aigw_dialect_bedrock ? "/model/m/converse" : "/");
        memset(&t, 0, sizeof t);
        if (!t_int("read", decode(asks[i].d, asks[i].d == &aigw_dialect_gemini || asks[i].d == &aigw_dialect_bedrock ? &head : NULL, b, &req), AIGW_OK)) continue;
        aigw_price_terms_of(&req, &t);
        t_str("tier", t.tier.p, t.tier.n, asks[i].tier);
        t_int("hears", t.hears, asks[i].hears);
        t_int("speaks", t.speaks, asks[i].speaks);
        t_int("draws", t.draws, asks[i].draws);
    }
}
static int put_usage(void *user, const aigw_event *ev) {
    if (ev->type == AIGW_EVENT_USAGE) *(aigw_usage *)user = ev->usage;
    return 0;
}
/* The tier that an answer names prices it: here and there, in the words of its dialect. */
static const struct { const char *label; const aigw_dialect *d; const char *event, *body, *tier; } served[] = {
    { "Chat", &aigw_dialect_openai, NULL, "{\"id\":\"x\",\"model\":\"m\",\"service_tier\":\"priority\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", "priority" },
    { "behind its usage", &aigw_dialect_openai, NULL, "{\"id\":\"x\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1},\"service_tier\":\"flex\"}", "flex" },
    { "Mistral, in its usage", &aigw_dialect_openai, NULL, "{\"id\":\"x\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"service_tier\":\"priority\"}}", "priority" },
    { "the usual one", &aigw_dialect_openai, NULL, "{\"id\":\"x\",\"model\":\"m\",\"service_tier\":\"on_demand\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", "default" },
    { "null names none", &aigw_dialect_openai, NULL, "{\"id\":\"x\",\"model\":\"m\",\"service_tier\":null,\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", "" },
    { "nor does auto", &aigw_dialect_openai, NULL, "{\"id\":\"x\",\"model\":\"m\",\"service_tier\":\"auto\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", "" },
    { "a word longer than any is cut", &aigw_dialect_openai, NULL, "{\"id\":\"x\",\"model\":\"m\",\"service_tier\":\"abcdefghijklmnopqrstuvwxyz\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", "abcdefghijklmnopqrstuvw" },
    { "a chunk", &aigw_dialect_openai, "", "{\"id\":\"x\",\"model\":\"m\",\"choices\":[],\"service_tier\":\"priority\",\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}", "priority" },
    { "Responses", &aigw_dialect_responses, NULL, "{\"id\":\"r\",\"object\":\"response\",\"status\":\"completed\",\"model\":\"m\",\"service_tier\":\"priority\",\"output\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}", "priority" },
    { "its stream", &aigw_dialect_responses, "response.completed", "{\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\",\"model\":\"m\",\"service_tier\":\"flex\",\"output\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}", "flex" },
    { "Anthropic", &aigw_dialect_anthropic, NULL, "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"service_tier\":\"standard\"}}", "default" },
    { "what was bought beforehand", &aigw_dialect_anthropic, NULL, "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"service_tier\":\"priority\"}}", "reserved" },
    { "its speed", &aigw_dialect_anthropic, NULL, "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":\"end_turn\",\"usage\":{\"speed\":\"fast\",\"input_tokens\":1,\"output_tokens\":1,\"service_tier\":\"standard\"}}", "fast" },
    { "the usual speed", &aigw_dialect_anthropic, NULL, "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"speed\":\"standard\"}}", "default" },
    { "where its stream begins", &aigw_dialect_anthropic, "message_start", "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"service_tier\":\"priority\"}}}", "reserved" },
    { "Gemini", &aigw_dialect_gemini, NULL, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1,\"candidatesTokenCount\":1,\"serviceTier\":\"priority\"}}", "priority" },
    { "Vertex", &aigw_dialect_gemini, "", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1,\"candidatesTokenCount\":1,\"trafficType\":\"ON_DEMAND_FLEX\"}}", "flex" },
    { "its capacity", &aigw_dialect_gemini, "", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1,\"candidatesTokenCount\":1,\"trafficType\":\"PROVISIONED_THROUGHPUT\"}}", "reserved" },
    { "a word of tomorrow", &aigw_dialect_gemini, "", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1,\"candidatesTokenCount\":1,\"trafficType\":\"ON_DEMAND_GOLD\"}}", "ON_DEMAND_GOLD" },
    { "Bedrock", &aigw_dialect_bedrock, NULL, "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"text\":\"a\"}]}},\"stopReason\":\"end_turn\",\"serviceTier\":{\"type\":\"priority\"},\"usage\":{\"inputTokens\":1,\"outputTokens\":1}}", "priority" },
    { "its stream", &aigw_dialect_bedrock, "metadata", "{\"usage\":{\"inputTokens\":1,\"outputTokens\":1},\"serviceTier\":{\"type\":\"reserved\"}}", "reserved" },
};
T(terms_that_answers_name) {
    static aigw_dec st;
    static char scratch[1 << 16];
    for (size_t i = 0; i < T_COUNT(served); i++) {
        aigw_str body;
        aigw_sink sink;
        aigw_usage u;
        t_row(served[i].label);
        memset(&u, 0, sizeof u);
        memset(&st, 0, sizeof st);
        st.dialect = served[i].d;
        st.now.wall_s = 1800000000;
        st.mem = aigw_base_arena(scratch, sizeof scratch);
        aigw_dialect_dec_init(&st);
        sink.put = put_usage;
        sink.user = &u;
        body.n = strlen(served[i].body);
        body.p = t_dup(served[i].body, body.n);
        if (served[i].event) t_int("frame", served[i].d->frame_decode(&st, str(served[i].event), body, &sink), AIGW_OK);
        else t_int("whole", served[i].d->resp_decode(&st, NULL, body, &sink), AIGW_OK);
        t_int("its tokens", u.input + u.output, 2);
        t_str("tier", u.tier, strlen(u.tier), served[i].tier);
    }
}
/* Asked for, said by the answer -> what 1,000,000 tokens of input cost at 1,000, as flex 500 and as priority 2,000; whether a dearer price is lacking. */
static const struct { const char *label, *asked, *said; int batch; int64_t nusd; int lacks; } priced[] = {
    { "as it was asked for", "priority", "", 0, 2000, 0 },
    { "auto that was priority", "", "priority", 0, 2000, 0 },
    { "priority that was not", "priority", "default", 0, 1000, 0 },
    { "flex that was not", "flex", "default", 0, 1000, 0 },
    { "priority that was flex", "priority", "flex", 0, 500, 0 },
    { "a word of another dialect", "priority", "standard", 0, 1000, 0 },
    { "what nobody listed may be dearer", "", "ultrafast", 0, 1000, 1 },
    { "what was bought beforehand is not", "", "reserved", 0, 1000, 0 },
    { "an answer cannot make a batch", "", "batch", 0, 1000, 0 },
    { "the provider's queue says default", "", "default", 1, 250, 0 },
};
T(the_answers_tier_prices_it) {
    aigw_registry_price p = price_of(1000, 1000);
    p.terms = 3;
    p.term[0].name = str("flex"), p.term[0].rate = plain(500, 500);
    p.term[1].name = str("priority"), p.term[1].rate = plain(2000, 2000);
    p.term[2].name = str("batch"), p.term[2].rate = plain(250, 250);
    for (size_t i = 0; i < T_COUNT(priced); i++) {
        aigw_usage u = usage_of(" i=1000000");
        aigw_price_terms t;
        aigw_price_cost c;
        t_row(priced[i].label);
        memset(&t, 0, sizeof t);
        t.tier = str(priced[i].asked);
        t.batch = (uint8_t)priced[i].batch;
        strcpy(u.tier, priced[i].said);
        t_int("priced", aigw_price_usage(&p, &u, &t, &c), AIGW_OK);
        t_int("cost", c.nusd, priced[i].nusd);
        aigw_price_served(&u, &t);
        t_int("lacks", aigw_price_lacks(&p, 0, &t) != NULL, priced[i].lacks);
    }
    t_row("no terms");
    {
        aigw_usage u = usage_of(" i=1000000");
        aigw_price_cost c;
        strcpy(u.tier, "priority");
        t_int("priced", aigw_price_usage(&p, &u, NULL, &c), AIGW_OK);
        t_int("cost", c.nusd, 2000);
        memset(u.tier, 'x', sizeof u.tier);
        t_int("never ended", aigw_price_usage(&p, &u, NULL, &c), AIGW_OK);
        t_int("is read as far as it goes", c.nusd, 1000);
    }
}
/* The answer names the tier: the bound is that of the dearest which is listed, and of the usual one. */
/* Pictures are counted apart and have a price of their own (Gemini's cost 12 times what its text does). */
static const struct { const char *label; const aigw_dialect *d; const char *body; } drawn[] = {
    { "Gemini", &aigw_dialect_gemini, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":1300,\"totalTokenCount\":1310,"
      "\"candidatesTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":10},{\"modality\":\"IMAGE\",\"tokenCount\":1290}]}}" },
    { "OpenRouter", &aigw_dialect_openai, "{\"id\":\"x\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":1300,\"total_tokens\":1310,"
      "\"prompt_tokens_details\":{\"image_tokens\":5},\"completion_tokens_details\":{\"image_tokens\":1290}}}" },
};
T(pictures_have_a_price) {
    static aigw_dec st;
    static char scratch[1 << 16];
    aigw_registry_price p = price_of(1000000, 2500000);
    p.rate.output_image = 30000000;
    for (size_t i = 0; i < T_COUNT(drawn); i++) {
        aigw_str body;
        aigw_sink sink;
        aigw_usage u;
        aigw_price_cost c;
        t_row(drawn[i].label);
        memset(&u, 0, sizeof u);
        memset(&st, 0, sizeof st);
        st.dialect = drawn[i].d;
        st.mem = aigw_base_arena(scratch, sizeof scratch);
        aigw_dialect_dec_init(&st);
        sink.put = put_usage;
        sink.user = &u;
        body.n = strlen(drawn[i].body);
        body.p = t_dup(drawn[i].body, body.n);
        t_int("whole", drawn[i].d->resp_decode(&st, NULL, body, &sink), AIGW_OK);
        t_int("pictures", u.has & AIGW_USAGE_OUTPUT_IMAGE ? u.output_image : -1, 1290);
        t_int("priced", aigw_price_usage(&p, &u, NULL, &c), AIGW_OK);
        t_int("10 in, 10 of text, 1,290 of pictures", c.nusd, 10 + 25 + 38700);
    }
}
T(bound_of_all_tiers) {
    aigw_registry_price p = price_of(1000, 1000);
    aigw_price_terms t;
    int64_t nusd;
    memset(&t, 0, sizeof t);
    t.tier = str("flex");
    p.terms = 2;
    p.term[0].name = str("flex"), p.term[0].rate = plain(500, 500);
    p.term[1].name = str("priority"), p.term[1].rate = plain(2000, 2000);
    t_int("bound", aigw_price_bound(&p, 1000000, 0, 0, &t, &nusd), AIGW_OK);
    t_int("the dearest", nusd, 2000);
    t_int("bound", aigw_price_bound(&p, 1000000, 0, 0, NULL, &nusd), AIGW_OK);
    t_int("nothing asked for", nusd, 2000);
    p.tiers = 1;
    p.tier[0].above = 999999, p.tier[0].rate = plain(3000, 3000);
    t_int("bound", aigw_price_bound(&p, 1000000, 0, 0, &t, &nusd), AIGW_OK);
    t_int("in its tier", nusd, 6000);
    p.tiers = 0;
    p.terms = 1;
    t_int("bound", aigw_price_bound(&p, 1000000, 0, 0, &t, &nusd), AIGW_OK);
    t_int("the usual may be served instead", nusd, 1000);
    p.term[0].name = str("batch");
    t.batch = 1;
    t_int("bound", aigw_price_bound(&p, 1000000, 0, 0, &t, &nusd), AIGW_OK);
    t_int("the provider's queue is what was chosen", nusd, 500);
}
T(measured) {
    for (size_t i = 0; i < T_COUNT(sizes); i++) {
        aigw_price_size s;
        aigw_req req;
        char *body = t_dup(sizes[i].body, strlen(sizes[i].body));
        aigw_str b;
        b.p = body;
        b.n = strlen(sizes[i].body);
        t_row(sizes[i].label);
        if (!t_int("read", decode(&aigw_dialect_openai, NULL, b, &req), AIGW_OK)) continue;
        aigw_price_measure(&req, &s);
        t_int("bytes", s.text_bytes, sizes[i].bytes);
        t_int("parts", s.part_tokens, sizes[i].parts);
        t_int("unknown", s.unknown, sizes[i].unknown);
        t_int("choices", s.choices, sizes[i].choices);
        t_int("hosted", s.tools_hosted, sizes[i].hosted);
        t_int("output", s.max_output, sizes[i].max);
    }
}
/* A result whose content is parts, a hosted tool, a text document: Anthropic's. */
T(measured_elsewhere) {
    aigw_price_size s;
    aigw_req req;
    aigw_str b = str("{\"model\":\"m\",\"max_tokens\":9,\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}],\"messages\":[{\"role\":\"user\",\"content\":["
                     "{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://a/b.png\"}},{\"type\":\"text\",\"text\":\"abc\"}]}]}]}");
    if (!t_int("read", decode(&aigw_dialect_anthropic, NULL, b, &req), AIGW_OK)) return;
    aigw_price_measure(&req, &s);
    t_int("a picture within a result", s.part_tokens, 48169);
    t_int("hosted", s.tools_hosted, 1);
    t_int("what it finds is not known", s.unknown, 1);
    t_int("output", s.max_output, 9);
    b = str("{\"model\":\"m\",\"input\":\"Hi\",\"previous_response_id\":\"resp_1\"}");
    if (!t_int("read", decode(&aigw_dialect_responses, NULL, b, &req), AIGW_OK)) return;
    aigw_price_measure(&req, &s);
    t_int("what is kept there is not known", s.unknown, 1);
    {
        aigw_message m;
        aigw_part p;
        memset(&m, 0, sizeof m);
        memset(&p, 0, sizeof p);
        memset(&req, 0, sizeof req);
        req.messages = &m;
        m.parts = &p;
        p.kind = AIGW_PART_IMAGE;
        p.mime = str("image/png");
        aigw_price_measure(&req, &s);
        t_int("a picture is", s.unknown, 0);
        p.mime = str("video/mp4");
        aigw_price_measure(&req, &s);
        t_int("how long a video is, is not", s.unknown, 1);
    }
}
T(bounds_of_sizes) {
    aigw_price_size s;
    memset(&s, 0, sizeof s);
    s.text_bytes = 1001;
    s.part_tokens = 500;
    s.part_likely = 50;
    t_int("sum", aigw_price_input_bound(&s, 0), 1501);
    t_int("no window is less than none", aigw_price_input_bound(&s, -1), 1501);
    t_int("window", aigw_price_input_bound(&s, 1000), 1000);
    t_int("estimate: 1,001 / 4 up, and 50", aigw_price_estimate(&s, 0), 251 + 50);
    t_int("estimate: 1,001 / 3.5 up, and 50", aigw_price_estimate(&s, 3500), 286 + 50);
    s.unknown = 1;
    t_int("unknown", aigw_price_input_bound(&s, 200000), 200000);
    t_int("both unknown", aigw_price_input_bound(&s, 0), INT64_MAX);
    s.unknown = 0;
    s.text_bytes = INT64_MAX;
    t_int("saturates", aigw_price_input_bound(&s, 0), INT64_MAX);
    t_ok("estimate saturates", aigw_price_estimate(&s, 0) > INT64_MAX / 5000);
}

/* Output to reserve, per dialect: what is asked for, what it is raised to, and what 0 may be taken for. */
T(bounds_of_output) {
    static const struct { const char *label; const aigw_dialect *to; int64_t asked, max; uint32_t choices; int op; int64_t want; } rows[] = {
        { "as asked", &aigw_dialect_openai, 100, 4096, 1, AIGW_OP_CHAT, 100 },
        { "of each answer", &aigw_dialect_openai, 100, 4096, 3, AIGW_OP_CHAT, 300 },
        { "not measured: one answer", &aigw_dialect_openai, 100, 4096, 0, AIGW_OP_CHAT, 100 },
        { "not more than it has", &aigw_dialect_openai, 9999, 4096, 1, AIGW_OP_CHAT, 4096 },
        { "not asked", &aigw_dialect_openai, -1, 64000, 1, AIGW_OP_CHAT, 64000 },
        { "not asked, not known", &aigw_dialect_openai, -1, 0, 2, AIGW_OP_CHAT, 8192 },
        { "0 may be no limit", &aigw_dialect_ollama, 0, 64000, 1, AIGW_OP_CHAT, 64000 },
        { "0 may be no limit, nothing is known", &aigw_dialect_gemini, 0, 0, 1, AIGW_OP_CHAT, INT64_MAX },
        { "0 is none", &aigw_dialect_anthropic, 0, 64000, 1, AIGW_OP_CHAT, 0 },
        { "1 is 1", &aigw_dialect_anthropic, 1, 64000, 1, AIGW_OP_CHAT, 1 },
        { "0 is raised", &aigw_dialect_responses, 0, 64000, 2, AIGW_OP_CHAT, 32 },
        { "1 is raised", &aigw_dialect_responses, 1, 64000, 1, AIGW_OP_CHAT, 16 },
        { "17 is not", &aigw_dialect_responses, 17, 64000, 1, AIGW_OP_CHAT, 17 },
        { "embeddings have none", &aigw_dialect_openai, 0, 64000, 1, AIGW_OP_EMBED, 0 },
        { "nor has a count", &aigw_dialect_openai, -1, 64000, 1, AIGW_OP_COUNT_TOKENS, 0 },
        { "saturates", &aigw_dialect_openai, INT64_MAX / 2, 0, 3, AIGW_OP_CHAT, INT64_MAX },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_price_size s;
        aigw_target to;
        memset(&s, 0, sizeof s);
        memset(&to, 0, sizeof to);
        s.max_output = rows[i].asked;
        s.choices = rows[i].choices;
        to.dialect = rows[i].to;
        to.max_output = rows[i].max;
        t_row(rows[i].label);
        t_int("tokens", aigw_price_output_bound(&s, rows[i].op, &to), rows[i].want);
    }
}
/* The limit that is written into a request, of any client for any provider, is within what is reserved; where none is, or 0, all is. */
T(limits_sent_are_within_the_bound) {
    static const aigw_dialect *const all[] = { AIGW_DIALECTS };
    static const char *const names[] = { "\"max_completion_tokens\":", "\"max_tokens\":", "\"max_output_tokens\":", "\"maxOutputTokens\":", "\"maxTokens\":", "\"num_predict\":" };
    static const int64_t asked[] = { 0, 1, 2, 15, 16, 17, 1023, 1024, 5000 };
    for (size_t d = 0; d < T_COUNT(all); d++) for (size_t i = 0; i < T_COUNT(asked); i++) for (int known = 0; known < 2; known++) for (int think = 0; think < 2; think++) {
        static char bytes[65536], text[65536], body[400];
        aigw_arena arena = aigw_base_arena(bytes, sizeof bytes);
        aigw_header headers[16];
        aigw_loss_item items[32];
        aigw_price_size s;
        aigw_target to;
        aigw_head head;
        aigw_loss loss;
        aigw_req req;
        aigw_out out;
        aigw_str b;
        int64_t sent = -1, bound;
        if (!all[d]->req_edit) continue;                       /* no provider's dialect */
        sprintf(body, "{\"model\":\"m\",\"max_completion_tokens\":%d,%s\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", (int)asked[i],
                think ? "\"reasoning_effort\":\"high\"," : "");
        b = str(body);
        t_row(body);
        if (!t_int("read", decode(&aigw_dialect_openai, NULL, b, &req), AIGW_OK)) continue;
        aigw_price_measure(&req, &s);
        memset(&to, 0, sizeof to);
        memset(&head, 0, sizeof head);
        to.name = to.id = str("m");
        to.dialect = all[d];
        to.max_output = known ? 4096 : 0;
        head.headers = headers;
        head.cap = T_COUNT(headers);
        aigw_model_loss_init(&loss, items, T_COUNT(items));
        loss.doc = req.body;
        aigw_base_out_init(&out, text, sizeof text - 1, NULL, 0);
        req.op = AIGW_OP_CHAT;
        if (!t_int("written", all[d]->req_encode(&req, &to, &arena, &head, &out, &loss), AIGW_OK)) continue;
        text[out.buf.n] = 0;
        for (size_t k = 0; k < T_COUNT(names) && sent < 0; k++)
            if (strstr(text, names[k])) sent = strtoll(strstr(text, names[k]) + strlen(names[k]), NULL, 10);
        bound = aigw_price_output_bound(&s, req.op, &to);
        if (!t_ok("within the bound", sent > 0 ? sent <= bound || (known && bound == 4096) : sent < 0 || all[d]->least_output < 1 || bound >= 4096))
            printf("  %.*s: %s, bound %lld\n", (int)all[d]->name.n, all[d]->name.p, text, (long long)bound);
    }
}

/* What providers counted for recorded requests is within the bound. */
static const struct { const char *dir; const aigw_dialect *d; } dirs[] = {
    { "openai-chat", &aigw_dialect_openai }, { "azure-openai", &aigw_dialect_openai }, { "groq", &aigw_dialect_openai }, { "cerebras", &aigw_dialect_openai },
    { "mistral", &aigw_dialect_openai }, { "deepseek", &aigw_dialect_openai }, { "openrouter", &aigw_dialect_openai }, { "xai", &aigw_dialect_openai },
    { "together", &aigw_dialect_openai }, { "zai", &aigw_dialect_openai }, { "anthropic", &aigw_dialect_anthropic }, { "gemini", &aigw_dialect_gemini },
    { "vertex-gemini", &aigw_dialect_gemini }, { "openai-responses", &aigw_dialect_responses }, { "cohere", &aigw_dialect_cohere }, { "ollama", &aigw_dialect_ollama },
    { "bedrock-converse", &aigw_dialect_bedrock } };
static int recorded(const char *dir, const aigw_dialect *d, const f_json *entry, int *unknown) {
    char path[600];
    static aigw_dec st;
    static char scratch[1 << 16];
    const f_json *request = f_member(entry, "request"), *response = f_member(entry, "response"), *meta_target;
    aigw_sink sink;
    aigw_usage u;
    aigw_req req;
    aigw_price_size s;
    aigw_head head = { { NULL, 0 }, { NULL, 0 }, 0, NULL, 0, 0 };
    t_bytes q, a, m;
    aigw_str body;
    if (!request || request->type != 's' || !strstr(response->s, ".response.json")) return 0;
    snprintf(path, sizeof path, "wire/%s/%s", dir, request->s);
    q = t_file(t_shared(path));
    snprintf(path, sizeof path, "wire/%s/%s", dir, response->s);
    a = t_file(t_shared(path));
    snprintf(path, sizeof path, "wire/%s/%s.meta.json", dir, f_member(entry, "name")->s);
    m = t_file(t_shared(path));
    meta_target = m.p ? f_get(f_parse(m.p, m.n, NULL), "request.path") : NULL;
    if (!q.p || !a.p || !meta_target) return 0;
    head.method = str("POST");
    head.target = str(meta_target->s);
    body.p = q.p;
    body.n = q.n;
    if (decode(d, &head, body, &req) != AIGW_OK) return 0;
    aigw_price_measure(&req, &s);
    memset(&u, 0, sizeof u);
    memset(&st, 0, sizeof st);
    st.dialect = d;
    st.now.wall_s = 1800000000;
    st.mem = aigw_base_arena(scratch, sizeof scratch);
    aigw_dialect_dec_init(&st);
    sink.put = put_usage;
    sink.user = &u;
    body.p = a.p;
    body.n = a.n;
    d->resp_decode(&st, NULL, body, &sink);
    if (!(u.has & AIGW_USAGE_INPUT)) return 0;
    *unknown += s.unknown;
    t_row(path);
    if (u.input > aigw_price_input_bound(&s, 0)) printf("%lld tokens, bound %lld\n", (long long)u.input, (long long)aigw_price_input_bound(&s, 0));
    t_ok("within the bound", u.input <= aigw_price_input_bound(&s, 0));
    return 1;
}
T(recordings) {
    t_bytes b = t_file(t_shared("wire/index.json"));
    int n = 0, unknown = 0;
    f_json *index;
    if (!b.p) { t_skip("../shared/wire"); return; }
    index = f_parse(b.p, b.n, NULL);
    for (size_t i = 0; f_at(index, i); i++) {
        const f_json *e = f_at(index, i), *dir = f_member(e, "dialect");
        for (size_t k = 0; k < T_COUNT(dirs); k++) if (f_is(dir, dirs[k].dir)) n += recorded(dirs[k].dir, dirs[k].d, e, &unknown);
    }
    t_row(NULL);
    f_free();
    if (getenv("T_ONLY")) printf("%d recordings, %d of them without a bound\n", n, unknown);
    t_ok("recordings", n >= 80);
    t_ok("most have a bound", unknown * 3 < n);
}

int main(void) {
    T_RUN(table);
    T_RUN(unpriced);
    T_RUN(what_may_be_dearer_and_has_no_price_has_no_bound);
    T_RUN(terms_that_are_asked_for);
    T_RUN(terms_that_answers_name);
    T_RUN(the_answers_tier_prices_it);
    T_RUN(pictures_have_a_price);
    T_RUN(bound_of_all_tiers);
    T_RUN(saturates);
    T_RUN(bound);
    T_RUN(parts);
    T_RUN(measured);
    T_RUN(measured_elsewhere);
    T_RUN(bounds_of_sizes);
    T_RUN(bounds_of_output);
    T_RUN(limits_sent_are_within_the_bound);
    T_RUN(recordings);
    return t_end();
}
