/* SPDX-License-Identifier: MIT OR Unlicense */
/* matrix.c: runs the fidelity matrix: every cell of tests/matrix.txt, with the exemplars of tests/matrix/, against the codecs.
 *
 *     build/matrix                       all cells; a line per cell below its label; counts; "N cells, N proven, N unlabelled"
 *     build/matrix FEATURE [O>A] [whole|stream]    explains cells: input, output, loss report, assertions
 *     build/matrix --page FILE           all cells, and FILE shows them (tests/matrix.html with the data put in): make matrix writes build/matrix.html
 *     build/matrix --summary             label counts per pair: the table of README.md, which a run of all cells checks
 *     build/matrix --readme              puts that table into README.md
 *     build/matrix --losses              per pair, the features that are refused and those that are lossy
 *     build/matrix --exemplars           checks the exemplars alone: each one against its own dialect's assertions, no codec involved
 *
 * What the codecs write is read by foreign.h, which shares no code with aigw. A cell is
 *   exact or mapped   when its assertions hold and the report holds nothing dropped or approximated (exact: nothing at all), and, for exact,
 *                     when the assertions of the source dialect hold again on the way back. Requests of one dialect must hold in place too
 *   lossy             when its assertions hold and the report names the source's path
 *                     With the strict flag, requests of lossy cells must be refused, and no others
 *   refused           when the codec refuses and the report names the source's path, or when the client gets an error instead */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"

/* ---- the two kinds of files ---- */
enum { REQ, RESP, LOOP, ERR };
enum { NONE, NA, REFUSED, LOSSY, MAPPED, EXACT };
static const char *const label_names[] = { "unlabelled", "n/a", "refused", "lossy", "mapped", "exact" };
static const char codes[] = "?-XLME";           /* the letters of the labels */

enum { SSE, LINES, EVENTS };                     /* framing of streams: events of text, one JSON per line, AWS event stream */
enum { UNNAMED, BY_TYPE, BY_WORD };              /* a frame's name: none, its member `type`, the word typed before the JSON */
enum { BY_PATH, OFF, ON };                       /* the stream switch: in the path; a member `stream` that is off, or on, when it is left out */
enum { AS_IS, CONTENT, ITEMS };                  /* the answer as part of the next request: a message, content without its role, several elements */
#define DIALECTS 7
#define PAIRS    (DIALECTS * DIALECTS)

/* One row per dialect, in the order of the letters in matrix.txt. Where `dialect` is NULL (not in aigw.h yet) its cells are not run. */
static const struct {
    char letter;
    const char *name;
    const aigw_dialect *dialect;
    f_fold (*fold)(const char *p, size_t n);     /* of foreign.h */
    int framing, naming, switched;
    int ends;                                    /* streams have an end marker */
    const char *serve[2], *sent[2];              /* path that a client asks, that a provider below /base is asked: whole, streamed */
    const char *message;                         /* where the assistant's message is in a whole answer */
    int again;                                   /* how it goes into the next request */
    const char *version_header, *version;
    const char *added[2];                        /* members that every request to it gets, which make nothing less exact */
} rows[DIALECTS] = {
    { 'O', "openai-chat", &aigw_dialect_openai, f_fold_openai, SSE, UNNAMED, OFF, 1,
      { "/v1/chat/completions", "/v1/chat/completions" }, { "/base/chat/completions", "/base/chat/completions" },
      "choices[0].message", AS_IS, "", "", { "stream_options", NULL } },

    { 'R', "openai-responses", &aigw_dialect_responses, f_fold_responses, SSE, BY_TYPE, OFF, 1,
      { "/v1/responses", "/v1/responses" }, { "/base/responses", "/base/responses" },
      "output", ITEMS, "", "", { "store", "include" } },

    { 'A', "anthropic", &aigw_dialect_anthropic, f_fold_anthropic, SSE, BY_TYPE, OFF, 1,
      { "/v1/messages", "/v1/messages" }, { "/base/v1/messages", "/base/v1/messages" },
      "content", CONTENT, "anthropic-version", "2023-06-01", { NULL, NULL } },

    { 'G', "gemini", &aigw_dialect_gemini, f_fold_gemini, SSE, UNNAMED, BY_PATH, 0,
      { "/v1beta/models/M:generateContent", "/v1beta/models/M:streamGenerateContent?alt=sse" },
      { "/base/v1beta/models/M:generateContent", "/base/v1beta/models/M:streamGenerateContent?alt=sse" },
      "candidates[0].content", AS_IS, "", "", { NULL, NULL } },

    { 'B', "bedrock", &aigw_dialect_bedrock, f_fold_bedrock, EVENTS, BY_WORD, BY_PATH, 1,
      { "/model/M/converse", "/model/M/converse-stream" }, { "/base/model/M/converse", "/base/model/M/converse-stream" },
      "output.message", AS_IS, "", "", { NULL, NULL } },

    { 'C', "cohere", &aigw_dialect_cohere, f_fold_cohere, SSE, BY_TYPE, OFF, 1,
      { "/v2/chat", "/v2/chat" }, { "/base/v2/chat", "/base/v2/chat" },
      "message", AS_IS, "", "", { NULL, NULL } },

    { 'L', "ollama", &aigw_dialect_ollama, f_fold_ollama, LINES, UNNAMED, ON, 1,
      { "/api/chat", "/api/chat" }, { "/base/api/chat", "/base/api/chat" },
      "message", AS_IS, "", "", { NULL, NULL } },
};
static int built(int dialect) { return rows[dialect].dialect != NULL; }

typedef struct entry {
    struct entry *next;
    char   kind[12], s, t, mode;      /* 0: any; mode 'w' or 's' */
    char  *arg;                       /* rest of the heading line */
    char  *line[128];
    int    lines;
} entry;
typedef struct feature {
    struct feature *next;
    char  *name;
    int    flow;
    int    label[2][PAIRS];           /* [streamed][client * DIALECTS + provider] */
    const char *file;                 /* where it was opened last */
    int    rows;
    const char *section, *says, *reason[2];      /* of matrix.txt, for the page; reason[streamed] */
    int   *story[2][PAIRS];           /* what a cell did, as numbers of lines, ended by -1; NULL: not run */
    int    proven[2][PAIRS];
    entry *entries, *last;
} feature;
typedef struct def { struct def *next; char *name, *text; } def;

static feature *features, *features_last;
static def *defs;
static entry *partials[DIALECTS];
static int file_errors;

static void complain(const char *file, int line, const char *why, const char *what) {
    printf("FAIL %s:%d: %s: %s\n", file, line, why, what);
    file_errors++;
}
static char *keep(const char *s, size_t n) {
    char *d = (char *)malloc(n + 1);
    if (!d) exit(2);
    memcpy(d, s, n);
    d[n] = 0;
    return d;
}
static feature *find_feature(const char *name, int make) {
    feature *f;
    for (f = features; f; f = f->next)
        if (!strcmp(f->name, name)) return f;
    if (!make) return NULL;
    f = (feature *)calloc(1, sizeof *f);
    if (!f) exit(2);
    f->name = keep(name, strlen(name));
    if (features_last) features_last->next = f; else features = f;
    features_last = f;
    return f;
}
static int letter(char c) {
    int i;
    for (i = 0; i < DIALECTS; i++)
        if (rows[i].letter == c) return i;
    return -1;
}

static char *read_file(const char *path) {
    FILE *f = fopen(path, "rb");
    f_str b = { NULL, 0, 0 };
    char part[4096], *s;
    size_t n;
    if (!f) { printf("FAIL cannot read %s (run in the project's root)\n", path); exit(2); }
    while ((n = fread(part, 1, sizeof part, f)) > 0) f_put(&b, part, n);
    fclose(f);
    s = keep(b.s ? b.s : "", b.n);
    f_free();
    return s;
}
static int is_file(const char *path) {
    FILE *f = fopen(path, "rb");
    if (f) fclose(f);
    return f != NULL;
}
/* The next line of *p, cut out; NULL at the end. */
static char *next_line(char **p) {
    char *s = *p, *e;
    if (!*s) return NULL;
    e = strchr(s, '\n');
    if (e) { *e = 0; *p = e + 1; } else *p = s + strlen(s);
    return s;
}

/* Add a reason to the modes of a row. */
static void add_reason(feature *f, int mode, const char *text) {
    int k;
    while (*text == ' ') text++;
    for (k = 0; k < 2; k++)
        if (f && mode >> k & 1) {
            const char *old = f->reason[k] ? f->reason[k] : "";
            char *both = (char *)malloc(strlen(old) + strlen(text) + 2);
            if (!both) exit(2);
            sprintf(both, "%s%s%s", old, *old ? " " : "", text);
            f->reason[k] = both;
        }
}
static void read_matrix(const char *path) {
    char *text = read_file(path), *rest = text, *line, *section = keep("", 0);
    int at = 0, owed = 0, owed_at = 0, mode = 0;
    feature *f = NULL;
    static const char *const flows[] = { "req", "resp", "loop", "error" };
    while ((line = next_line(&rest))) {
        char *semi, *word;
        char *cell[3 + DIALECTS];
        int n = 0, c, p, k, needs = 0;
        at++;
        if (*line == ';') { owed = 0; add_reason(f, mode, line + 1); continue; }
        if (owed) { complain(path, owed_at, "a row has n/a, lossy or refused cells and no reason", ""); owed = 0; }
        if (!strncmp(line, "# ---- ", 7)) section = keep(line + 7, strcspn(line + 7, "-") - 1);
        if (!strncmp(line, "#: ", 3)) {
            word = strtok(line + 3, " ");
            f = word ? find_feature(word, 1) : NULL;
            word = strtok(NULL, "");
            while (word && *word == ' ') word++;
            if (!f || !word || f->says) complain(path, at, "what a feature says is said twice, or is missing", f ? f->name : "");
            else f->says = keep(word, strlen(word));
        }
        if (*line == '#' || !*line) continue;
        semi = strchr(line, ';');
        if (semi) *semi = 0;
        for (word = strtok(line, " \t"); word && n < 3 + DIALECTS; word = strtok(NULL, " \t")) cell[n++] = word;
        if (n != 3 + DIALECTS || word) { complain(path, at, "a row has not 10 columns", line); continue; }
        f = find_feature(cell[0], 1);
        if (!f->says) complain(path, at, "no line says what the input of this feature is", cell[0]);
        f->section = section;
        f->rows++;
        for (k = 0; k < 4; k++) if (!strcmp(cell[1], flows[k])) f->flow = k;
        mode = !strcmp(cell[2], "both") ? 3 : !strcmp(cell[2], "whole") ? 1 : !strcmp(cell[2], "streamed") ? 2 : 0;
        if (!mode) complain(path, at, "mode is not whole, streamed or both", cell[2]);
        for (c = 0; c < DIALECTS; c++)
            for (p = 0; p < DIALECTS && strlen(cell[3 + c]) == DIALECTS; p++) {
                const char *code = strchr(codes, cell[3 + c][p]);
                int label = code ? (int)(code - codes) : NONE, pair = c * DIALECTS + p;
                if (!code) complain(path, at, "unknown label", cell[3 + c]);
                if (label == NA || label == LOSSY || label == REFUSED) needs = 1;
                for (k = 0; k < 2; k++)
                    if (mode >> k & 1) {
                        if (f->label[k][pair]) complain(path, at, "a cell is labelled twice", cell[0]);
                        f->label[k][pair] = label;
                    }
            }
        for (c = 0; c < DIALECTS; c++)
            if (strlen(cell[3 + c]) != DIALECTS) complain(path, at, "a group has not 7 letters", cell[3 + c]);
        if (semi) add_reason(f, mode, semi + 1);
        if (needs && !semi) { owed = 1; owed_at = at; }
    }
    for (f = features; f; f = f->next)
        if (!f->rows) complain(path, at, "a feature without a row", f->name);
    free(text);
}

/* Macros: $NAME and $NAME(a;b); the longest defined name wins. */
static const def *find_def(const char *p, size_t n, size_t *len) {
    const def *d;
    size_t k;
    for (k = n; k; k--)
        for (d = defs; d; d = d->next)
            if (strlen(d->name) == k && !memcmp(d->name, p, k)) { *len = k; return d; }
    return NULL;
}
static void expand(f_str *out, const char *s, size_t n, int depth) {
    size_t i = 0;
    if (depth > 30) { printf("FAIL a macro uses itself: %.60s\n", s); exit(2); }
    while (i < n) {
        size_t k = i + 1, len = 0;
        const def *d = NULL;
        const char *arg[9];
        size_t arg_n[9], args = 0, j;
        f_str body = { NULL, 0, 0 };
        if (s[i] == '$') {
            while (k < n && ((s[k] >= 'a' && s[k] <= 'z') || (s[k] >= 'A' && s[k] <= 'Z') || (s[k] >= '0' && s[k] <= '9') || s[k] == '_')) k++;
            d = find_def(s + i + 1, k - i - 1, &len);
        }
        if (!d) { f_put(out, s + i, 1); i++; continue; }
        i += 1 + len;
        if (i < n && s[i] == '(' && strchr(d->text, '@')) {
            int open = 0, quoted = 0;
            size_t from = ++i;
            for (; i < n; i++) {
                if (s[i] == '\\') { i++; continue; }
                if (s[i] == '"') quoted = !quoted;
                if (quoted) continue;
                if (s[i] == '(' || s[i] == '{' || s[i] == '[') open++;
                if (open == 0 && (s[i] == ';' || s[i] == ')') && args < 9) { arg[args] = s + from; arg_n[args++] = i - from; from = i + 1; if (s[i] == ')') break; continue; }
                if (s[i] == ')' || s[i] == '}' || s[i] == ']') open--;
            }
            i++;
        }
        for (j = 0; d->text[j]; j++) {
            if (d->text[j] == '@' && d->text[j + 1] >= '1' && d->text[j + 1] <= '9') {
                size_t which = (size_t)(d->text[j + 1] - '1');
                if (which < args) f_put(&body, arg[which], arg_n[which]);
                j++;
            } else f_put(&body, d->text + j, 1);
        }
        if (body.n) expand(out, body.s, body.n, depth + 1);
    }
}
static char *expanded(const char *s) {
    f_str b = { NULL, 0, 0 };
    f_put(&b, "", 0);
    expand(&b, s, strlen(s), 0);
    return b.s;
}
static void define(const char *name, size_t n, const char *text, size_t text_n) {
    def *d = (def *)calloc(1, sizeof *d);
    if (!d) exit(2);
    d->name = keep(name, n);
    d->text = keep(text, text_n);
    d->next = defs;
    defs = d;
}

static feature *current;
static entry *open_entry;

static void heading(const char *path, int at, char *line) {
    entry *e;
    char *w = strtok(line, " ");
    if (!w) return;
    if (!strcmp(w, "feature")) {
        w = strtok(NULL, " ");
        current = w ? find_feature(w, 0) : NULL;
        if (!current || current->file == path) complain(path, at, current ? "a feature occurs twice in one file" : "a feature is not in matrix.txt", w ? w : "");
        if (current) current->file = path;
        open_entry = NULL;
        return;
    }
    e = (entry *)calloc(1, sizeof *e);
    if (!e || strlen(w) >= sizeof e->kind) exit(2);
    strcpy(e->kind, w);
    w = strtok(NULL, " ");
    if (!w) { complain(path, at, "no dialect", e->kind); return; }
    if (letter(w[0]) < 0) complain(path, at, "no such dialect", w);
    if (w[1] == '-') { e->s = w[0]; e->t = w[3]; }
    else if (!strcmp(e->kind, "want")) e->t = w[0];
    else e->s = w[0];
    e->arg = strtok(NULL, "");
    if (e->arg) e->arg = keep(e->arg, strlen(e->arg));
    if (e->arg && (!strcmp(e->arg, "whole") || !strcmp(e->arg, "stream"))) e->mode = e->arg[0];
    open_entry = e;
    if (!strcmp(e->kind, "partial")) { partials[letter(e->s)] = e; return; }
    if (!current) { complain(path, at, "before any feature", e->kind); return; }
    if (current->last) current->last->next = e; else current->entries = e;
    current->last = e;
}
static void read_lines(const char *path, char **lines, int from, int to) {
    int i;
    for (i = from; i < to; i++) {
        char *line = lines[i], *x;
        if (!*line || *line == '#') continue;
        if (!strncmp(line, "def ", 4)) {
            char *name = line + 4, *sp = strchr(name, ' ');
            if (!sp) { complain(path, i + 1, "def without a text", name); continue; }
            define(name, (size_t)(sp - name), sp + 1, strlen(sp + 1));
            continue;
        }
        if (!strncmp(line, "each ", 5)) {
            char *head = keep(line + 5, strlen(line + 5)), *tuple, *save = NULL, *vars = strtok_r(head, ":", &save);
            int end = i + 1;
            while (end < to && strcmp(lines[end], "end")) end++;
            while ((tuple = strtok_r(NULL, ":", &save))) {
                char *v = keep(vars, strlen(vars)), *sv = NULL, *st = NULL, *name = strtok_r(v, " ", &sv), *value = strtok_r(tuple, " ", &st);
                def *mark = defs;
                for (; name && value; name = strtok_r(NULL, " ", &sv), value = strtok_r(NULL, " ", &st)) define(name, strlen(name), value, strlen(value));
                if (name || value) complain(path, i + 1, "a tuple does not fit its names", vars);
                read_lines(path, lines, i + 1, end);
                defs = mark;
            }
            i = end;
            continue;
        }
        x = expanded(line);
        if (*line == ' ') {
            while (*x == ' ') x++;
            if (!open_entry || open_entry->lines == 128) complain(path, i + 1, "an indented line without a heading, or too many", x);
            else open_entry->line[open_entry->lines++] = keep(x, strlen(x));
        } else heading(path, i + 1, x);
        f_free();
    }
}
static void read_exemplars(const char *path) {
    char *text = read_file(path), *p = text, *line;
    char **lines = (char **)calloc(20000, sizeof *lines);
    int n = 0;
    if (!lines) exit(2);
    while ((line = next_line(&p)) && n < 20000) lines[n++] = line;
    current = NULL;
    open_entry = NULL;
    read_lines(path, lines, 0, n);
    free(lines);
    free(text);
}

/* The entry that fits best: source and target and mode named counts most. */
static const entry *find(const feature *f, const char *kind, char s, char t, int streamed) {
    const entry *e, *best = NULL;
    int points, most = -1;
    for (e = f->entries; e; e = e->next) {
        if (strcmp(e->kind, kind) || (e->s && e->s != s) || (e->t && e->t != t)) continue;
        if (e->mode && e->mode != (streamed ? 's' : 'w')) continue;
        points = (e->s && e->t ? 2 : 0) + (e->mode ? 1 : 0);
        if (points > most) { most = points; best = e; }
    }
    return best;
}

/* ---- one cell ---- */
typedef struct {
    const feature *f;
    int  streamed, client, provider, s, t;      /* indexes of dialects */
    int  got;                                   /* label reached; NONE: wrong */
    int  strict;                                /* per-request flag: what would be lost is refused */
    int  in_place;                              /* same dialect: req_edit instead of req_encode */
    int  refused;                               /* the codec said no, or the client got an error instead of an answer */
    aigw_loss loss;
    aigw_loss_item items[64];
    f_json *out;                                /* what came out, as a tree */
    f_fold fold;
    f_str stream;                               /* the bytes that the client got */
    int  folded;
    f_str why, log;                             /* failures; the story for explain */
} cell;

static int explaining, telling;       /* to the terminal; for the page */

static void say(cell *c, const char *a, const char *b) {
    if (!explaining && !telling) return;
    f_puts(&c->log, a);
    f_puts(&c->log, b);
    f_puts(&c->log, "\n");
}
static void wrong(cell *c, const char *a, const char *b) {
    if (c->why.n) f_puts(&c->why, "; ");
    f_puts(&c->why, a);
    f_puts(&c->why, b);
}

static char *keep_f(const char *s) {
    f_str b = { NULL, 0, 0 };
    f_puts(&b, s);
    return b.s;
}
static char *join(const entry *e) {
    f_str b = { NULL, 0, 0 };
    int i;
    f_put(&b, "", 0);
    for (i = 0; i < e->lines; i++) { if (i) f_puts(&b, "\n"); f_puts(&b, e->line[i]); }
    return b.s;
}

static const aigw_now now = { UINT64_C(5000000000), INT64_C(1792567660) };
static unsigned char memory[1 << 18], memory2[1 << 18];
static char text_out[1 << 18], hold[1 << 16];

static aigw_str slice(const char *s) { aigw_str r; r.p = s; r.n = strlen(s); return r; }

static int asks_stream(const f_json *body, int switched) {
    const f_json *on = f_get(body, "stream");
    return on ? on->type == 't' : switched == ON;
}
/* Client's request in dialect s to the provider's dialect t. NULL when refused or wrong (c says which). */
static f_json *run_request(cell *c, int s, int t, const char *text, int streamed) {
    aigw_arena mem = aigw_base_arena(memory, sizeof memory), mem2 = aigw_base_arena(memory2, sizeof memory2);
    aigw_header hs[8], ho[16];
    aigw_head head, sent;
    aigw_req req;
    aigw_fault fault;
    aigw_target to;
    aigw_out out;
    aigw_str body;
    f_str b = { NULL, 0, 0 };
    f_json *j;
    const char *why;
    int err;
    memset(&head, 0, sizeof head);
    memset(&sent, 0, sizeof sent);
    memset(&req, 0, sizeof req);
    memset(&fault, 0, sizeof fault);
    memset(&to, 0, sizeof to);
    head.method = slice("POST");
    head.headers = hs;
    head.cap = 8;
    aigw_base_header_put(&head, slice("content-type"), slice("application/json"));
    head.target = slice(rows[s].serve[streamed]);
    if (*rows[s].version) aigw_base_header_put(&head, slice(rows[s].version_header), slice(rows[s].version));
    f_puts(&b, text);
    if (rows[s].switched != BY_PATH && (streamed || rows[s].switched == ON) && !f_member(f_parse(text, strlen(text), NULL), "stream")) {
        while (b.n && b.s[b.n - 1] != '}') b.n--;
        if (b.n) b.n--;
        f_puts(&b, !streamed ? ",\"stream\":false}" : rows[s].letter == 'O' ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}" : ",\"stream\":true}");
    }
    say(c, "request   ", b.s);
    if (!f_parse(b.s, b.n, &why)) { wrong(c, "the exemplar is not JSON: ", why); return NULL; }
    body.p = t_dup(b.s, b.n);
    body.n = b.n;
    err = rows[s].dialect->req_decode(&head, body, &mem, &req, &fault);
    if (err) { wrong(c, "req_decode: ", aigw_base_error_text(err)); wrong(c, fault.path, fault.text ? fault.text : ""); return NULL; }
    c->loss.doc = body;
    c->loss.strict = (uint8_t)c->strict;
    if (s == t && !c->in_place && c->f->label[c->streamed][c->client * DIALECTS + c->provider] > LOSSY) req.raw = NULL;   /* raw members off: the model itself must carry it */
    to.name = to.id = slice("M");
    to.provider = slice("p");
    to.base = slice("/base");
    to.dialect = rows[t].dialect;
    to.can = (((uint32_t)1 << (AIGW_CAN_COUNT - 1)) * 2 - 1) & ~AIGW_CAN(MAX_TOKENS);
    to.version = slice(rows[t].version);
    sent.headers = ho;
    sent.cap = 16;
    aigw_base_out_init(&out, text_out, sizeof text_out, NULL, 0);
    err = (c->in_place ? rows[t].dialect->req_edit : rows[t].dialect->req_encode)(&req, &to, &mem2, &sent, &out, &c->loss);
    if (err == AIGW_E_REFUSED) { c->refused = 1; say(c, "refused", ""); return NULL; }
    if (!err) err = aigw_base_out_end(&out);
    if (err) { wrong(c, "req_encode: ", aigw_base_error_text(err)); return NULL; }
    body = aigw_base_out_str(&out);
    j = f_parse(body.p, body.n, &why);
    b.n = 0;
    f_put(&b, body.p, body.n);
    say(c, "sent      ", b.s);
    b.n = 0;
    f_put(&b, sent.target.p, sent.target.n);
    say(c, "to        ", b.s);
    if (!j) { wrong(c, "what was sent is not JSON: ", why); return NULL; }
    if (f_twice(j)) wrong(c, "a member stands twice: ", f_twice(j));
    if (strcmp(b.s, rows[t].sent[streamed])) wrong(c, "the path is wrong: ", b.s);
    if (!aigw_base_eq(sent.method, slice("POST")) || !aigw_base_eq(aigw_base_header(&sent, slice("content-type")), slice("application/json"))) wrong(c, "method or content-type is wrong", "");
    if (*rows[t].version && !aigw_base_eq(aigw_base_header(&sent, slice(rows[t].version_header)), slice(rows[t].version))) wrong(c, "the API version is wrong", "");
    if (rows[t].switched == BY_PATH ? f_get(j, "stream") != NULL : asks_stream(j, rows[t].switched) != streamed) wrong(c, "the stream switch is wrong", "");
    if (rows[t].letter == 'O' && streamed && !f_get(j, "stream_options.include_usage")) wrong(c, "usage is not asked for", "");
    return j;
}

/* Events on their way: checked against the grammar, folded, and (streamed) encoded. */
typedef struct {
    cell      *c;
    aigw_check check;
    aigw_fold  fold;
    aigw_resp  resp;
    aigw_enc  *enc;
    aigw_out  *out;
    int        err;
} pipe_;
static int pipe_put(void *user, const aigw_event *ev) {
    pipe_ *p = (pipe_ *)user;
    int err = aigw_model_check_put(&p->check, ev);
    if (err) { wrong(p->c, "events against the grammar: ", p->check.why ? p->check.why : ""); return err; }
    if (explaining || telling) {
        char line[4000];
        aigw_out o;
        aigw_base_out_init(&o, line, sizeof line - 1, NULL, 0);
        aigw_model_event_encode(ev, &o);
        line[o.buf.n < sizeof line - 1 ? o.buf.n : sizeof line - 1] = 0;
        say(p->c, "event     ", line);
    }
    if (p->enc) {
        err = p->enc->dialect->event_encode(p->enc, ev, p->out);
        if (err) { p->err = err; if (err != AIGW_E_REFUSED) wrong(p->c, "event_encode: ", aigw_base_error_text(err)); }
        return err;
    }
    return aigw_model_fold_put(&p->fold, ev);
}
static f_json *error_tree(cell *c, const aigw_error *err, int t) {
    aigw_arena mem = aigw_base_arena(memory2, sizeof memory2);
    aigw_header hs[16];
    aigw_head head;
    aigw_out out;
    aigw_str body;
    f_json *j, *h;
    f_str b = { NULL, 0, 0 };
    const char *why;
    size_t i, k;
    int code;
    memset(&head, 0, sizeof head);
    head.headers = hs;
    head.cap = 16;
    aigw_base_out_init(&out, text_out, sizeof text_out, NULL, 0);
    code = rows[t].dialect->error_encode(err, &mem, &head, &out);
    if (!code) code = aigw_base_out_end(&out);
    if (code) { wrong(c, "error_encode: ", aigw_base_error_text(code)); return NULL; }
    body = aigw_base_out_str(&out);
    f_put(&b, body.p, body.n);
    say(c, "error     ", b.s);
    j = f_parse(body.p, body.n, &why);
    if (!j || j->type != 'o') { wrong(c, "the error is not a JSON object: ", why ? why : ""); return NULL; }
    h = f_new('o');
    for (i = 0; i < head.n; i++) {
        char *name = (char *)f_alloc(hs[i].name.n + 1);
        for (k = 0; k < hs[i].name.n; k++) name[k] = (char)(hs[i].name.p[k] >= 'A' && hs[i].name.p[k] <= 'Z' ? hs[i].name.p[k] + 32 : hs[i].name.p[k]);
        f_set(h, name, f_string(hs[i].value.p, hs[i].value.n));
    }
    f_set(j, "%status", f_number(head.status));
    f_set(j, "%header", h);
    say(c, "head      ", f_print(f_get(j, "%header")));
    return j;
}
static void start_dec(cell *c, aigw_dec *d, int s) {
    memset(d, 0, sizeof *d);
    d->dialect = rows[s].dialect;
    d->now = now;
    d->seed = 1;
    d->op = AIGW_OP_CHAT;
    d->n_max = AIGW_CHOICES;
    d->model = slice("M");
    d->loss = &c->loss;
    d->mem = aigw_base_arena(memory, sizeof memory);
    aigw_dialect_dec_init(d);
}
/* What the client asked, for encoders that look at it (`ask`); lives until the next cell. NULL: nothing typed. */
static const aigw_req *asked(cell *c, int t) {
    static unsigned char ask_memory[1 << 16];
    static aigw_req req;
    static aigw_head head;
    static aigw_header h[1];
    const entry *e = find(c->f, "ask", rows[t].letter, 0, c->streamed);
    aigw_arena mem = aigw_base_arena(ask_memory, sizeof ask_memory);
    aigw_fault fault;
    aigw_str body;
    char *text;
    if (!e) return NULL;
    text = join(e);
    body.n = strlen(text);
    body.p = t_dup(text, body.n);
    memset(&req, 0, sizeof req);
    memset(&head, 0, sizeof head);
    memset(&fault, 0, sizeof fault);
    head.method = slice("POST");
    head.target = slice(e->arg && !strcmp(e->arg, "array") ? "/v1beta/models/M:streamGenerateContent" : rows[t].serve[c->streamed]);
    head.headers = h;
    head.cap = 1;
    if (rows[t].dialect->req_decode(&head, body, &mem, &req, &fault)) { wrong(c, "the typed request is not one: ", fault.text ? fault.text : ""); return NULL; }
    return &req;
}
static void start_enc(cell *c, aigw_enc *e, int t) {
    memset(e, 0, sizeof *e);
    e->dialect = rows[t].dialect;
    e->now = now;
    e->seed = 2;
    e->loss = &c->loss;
    e->req = asked(c, t);
    e->hold = hold;
    e->hold_cap = sizeof hold;
    aigw_dialect_enc_init(e);
}
/* A frame as it is typed: its name (in name, "" for none), and its payload. */
static const char *frame_parts(int s, const char *line, char name[64]) {
    const f_json *type;
    size_t n = strcspn(line, " {");
    name[0] = 0;
    if (rows[s].naming == BY_WORD && n < 64) {
        memcpy(name, line, n);
        name[n] = 0;
        return line + n + strspn(line + n, " ");
    }
    type = rows[s].naming == BY_TYPE ? f_member(f_parse(line, strlen(line), NULL), "type") : NULL;
    if (type && type->type == 's' && type->n < 64) strcpy(name, type->s);
    return line;
}
/* The bytes of a stream whose frames are the entry's lines. */
static f_str framed(int s, const entry *e) {
    f_str b = { NULL, 0, 0 };
    char name[64];
    int i;
    for (i = 0; i < e->lines; i++) {
        const char *payload = frame_parts(s, e->line[i], name);
        if (rows[s].framing == EVENTS) { f_evs_put(&b, strstr(name, "Exception") ? "exception" : "event", name, payload, strlen(payload)); continue; }
        if (rows[s].framing == SSE && *name) { f_puts(&b, "event: "); f_puts(&b, name); f_puts(&b, "\n"); }
        if (rows[s].framing == SSE) f_puts(&b, "data: ");
        if (rows[s].letter == 'R' && *payload == '{') {
            char number[48];
            sprintf(number, "{\"sequence_number\":%d,", i);
            f_puts(&b, number);
            payload++;
        }
        f_puts(&b, payload);
        f_puts(&b, rows[s].framing == SSE ? "\n\n" : "\n");
    }
    return b;
}
static void add_line(entry *e, const char *a, const char *b) {
    f_str line = { NULL, 0, 0 };
    if (e->lines == 128) return;
    f_puts(&line, a);
    f_puts(&line, b);
    e->line[e->lines++] = line.s;
}
/* The frames of a stream's bytes, as they would be typed; NULL for the JSON array. */
static entry *unframed(int t, const char *p, size_t n) {
    entry *e = (entry *)f_alloc(sizeof *e);
    if (n && *p == '[') return NULL;
    if (rows[t].framing == SSE) {
        f_sse s = f_sse_open(p, n);
        while (f_sse_next(&s)) add_line(e, s.data.s, "");
    } else if (rows[t].framing == LINES) {
        f_lines s = f_lines_open(p, n);
        while (f_lines_next(&s)) add_line(e, s.line.s, "");
    } else {
        f_evs s = f_evs_open(p, n);
        while (f_evs_next(&s)) { f_puts(&s.name, " "); add_line(e, s.name.s, s.data.s); }
    }
    return e;
}
static void put_frame(cell *c, aigw_dec *d, int s, const char *text, const aigw_sink *sink, pipe_ *p) {
    char name[64];
    const char *body = frame_parts(s, text, name);
    aigw_str n, payload;
    int err;
    say(c, "frame     ", text);
    n.n = strlen(name);
    n.p = t_dup(name, n.n);
    payload.n = strlen(body);
    payload.p = t_dup(body, payload.n);
    c->loss.doc = payload;
    err = d->dialect->frame_decode(d, n, payload, sink);
    if (err && !p->err) wrong(c, "frame_decode: ", aigw_base_error_text(err));
}
/* A stream of dialect s, as the client of dialect t gets it; `more` lines after the first entry's. */
static f_json *run_stream(cell *c, int s, int t, const entry *e, const char *last, int cut) {
    aigw_dec *d = (aigw_dec *)calloc(1, sizeof *d);
    aigw_enc *enc = (aigw_enc *)calloc(1, sizeof *enc);
    aigw_out out;
    aigw_sink sink;
    pipe_ p;
    int i, err;
    memset(&p, 0, sizeof p);
    if (!d || !enc) exit(2);
    start_dec(c, d, s);
    start_enc(c, enc, t);
    aigw_base_out_init(&out, text_out, sizeof text_out, NULL, 0);
    p.c = c;
    p.enc = enc;
    p.out = &out;
    sink.put = pipe_put;
    sink.user = &p;
    for (i = 0; i < e->lines && !p.err; i++) put_frame(c, d, s, e->line[i], &sink, &p);
    if (last && !p.err) put_frame(c, d, s, last, &sink, &p);
    if (!p.err) {
        err = d->dialect->stream_end(d, !cut, &sink);
        if (err && !p.err) wrong(c, "stream_end: ", aigw_base_error_text(err));
    }
    free(d);
    free(enc);
    if (p.err == AIGW_E_REFUSED) { c->refused = 1; return NULL; }
    if (p.err) return NULL;
    err = aigw_base_out_end(&out);
    if (err) { wrong(c, "the stream did not fit", ""); return NULL; }
    {
        f_str b = { NULL, 0, 0 };
        aigw_str all = aigw_base_out_str(&out);
        if (all.n > sizeof text_out) all.n = 0;
        f_put(&b, all.p, all.n);
        if (rows[t].framing != EVENTS) say(c, "streamed\n", b.s);
        else {
            const entry *frames = unframed(t, b.s, b.n);
            for (i = 0; i < frames->lines; i++) say(c, "streamed  ", frames->line[i]);
        }
        c->fold = rows[t].fold(b.s, b.n);
        c->stream = b;
        c->folded = 1;
    }
    if (c->fold.bad) wrong(c, "the stream is against its grammar: ", c->fold.bad);
    if (c->fold.after) wrong(c, "something follows the end of the stream", "");
    return c->fold.whole;
}
/* Bytes of an answer head and body through resp_decode into p->resp. */
static int decode_whole(cell *c, int s, const char *text, pipe_ *p, aigw_arena *mem) {
    aigw_dec *d = (aigw_dec *)calloc(1, sizeof *d);
    aigw_header h[2];
    aigw_head head;
    aigw_str body;
    aigw_sink sink;
    int err;
    if (!d) exit(2);
    memset(p, 0, sizeof *p);
    memset(&head, 0, sizeof head);
    head.status = 200;
    head.headers = h;
    head.cap = 2;
    aigw_base_header_put(&head, slice("content-type"), slice("application/json"));
    body.n = strlen(text);
    body.p = t_dup(text, body.n);
    c->loss.doc = body;
    start_dec(c, d, s);
    p->c = c;
    aigw_model_fold_init(&p->fold, &p->resp, mem, 1);
    p->resp.body = body;
    sink.put = pipe_put;
    sink.user = p;
    say(c, "answer    ", text);
    err = d->dialect->resp_decode(d, &head, body, &sink);
    free(d);
    if (err) { wrong(c, "resp_decode: ", aigw_base_error_text(err)); return 0; }
    if (!p->resp.ended) { wrong(c, "resp_decode gave no end", ""); return 0; }
    p->resp.body = body;
    return 1;
}
static f_json *run_whole(cell *c, int s, int t, const char *text) {
    static unsigned char fold_memory[1 << 18];
    aigw_arena mem = aigw_base_arena(fold_memory, sizeof fold_memory);
    aigw_enc *enc;
    aigw_out out;
    aigw_str body;
    f_str b = { NULL, 0, 0 };
    const char *why;
    f_json *j;
    pipe_ p;
    int err;
    if (!decode_whole(c, s, text, &p, &mem)) return NULL;
    if (p.resp.error) { c->refused = 1; return error_tree(c, p.resp.error, t); }
    enc = (aigw_enc *)calloc(1, sizeof *enc);
    if (!enc) exit(2);
    start_enc(c, enc, t);
    aigw_base_out_init(&out, text_out, sizeof text_out, NULL, 0);
    err = rows[t].dialect->resp_encode(enc, &p.resp, &out);
    free(enc);
    if (err == AIGW_E_REFUSED) { c->refused = 1; say(c, "refused", ""); return NULL; }
    if (!err) err = aigw_base_out_end(&out);
    if (err) { wrong(c, "resp_encode: ", aigw_base_error_text(err)); return NULL; }
    body = aigw_base_out_str(&out);
    f_put(&b, body.p, body.n);
    say(c, "as        ", b.s);
    j = f_parse(body.p, body.n, &why);
    if (!j) wrong(c, "the answer is not JSON: ", why);
    else if (f_twice(j)) wrong(c, "a member stands twice: ", f_twice(j));
    return j;
}

/* ---- assertions ---- */
static int holds(const f_json *root, const char *line, cell *c) {
    const char *p = line, *op, *value;
    char path[300], sign[4];
    int open = 0, ok = 0;
    size_t n = 0;
    f_json *got, *want = NULL;
    while (*p && (*p != ' ' || open)) {
        if (*p == '(') open++;
        if (*p == ')') open--;
        if (n + 1 < sizeof path) path[n++] = *p;
        p++;
    }
    path[n] = 0;
    while (*p == ' ') p++;
    op = p;
    while (*p && *p != ' ') p++;
    n = (size_t)(p - op);
    if (n > 3) n = 3;
    memcpy(sign, op, n);
    sign[n] = 0;
    while (*p == ' ') p++;
    value = p;
    got = f_get(root, !strcmp(path, "$") ? "" : path);
    if (!strcmp(sign, "?")) ok = !f_null(got);
    else if (!strcmp(sign, "!")) ok = f_null(got);
    else if (!strcmp(sign, "==")) ok = got && f_equal(got, f_get(root, value));
    else {
        want = f_parse(value, strlen(value), NULL);
        if (!want) { wrong(c, "the assertion's value is not JSON: ", line); return 0; }
        if (!strcmp(sign, "=")) ok = f_equal(got, want);
        else if (!strcmp(sign, "!=")) ok = !f_equal(got, want);
        else if (!strcmp(sign, "in")) {
            const f_json *k;
            for (k = want->kid; k; k = k->next) ok |= k->type == 'n' ? f_null(got) : f_equal(got, k);
        } else if (!strcmp(sign, "~") || !strcmp(sign, "!~")) {
            const char *text = !got ? "" : got->type == 's' ? got->s : f_print(got);
            ok = (got != NULL || sign[0] == '!') && (strstr(text, want->s) != NULL) == (sign[0] == '~');
        } else { wrong(c, "unknown assertion: ", line); return 0; }
    }
    say(c, ok ? "holds     " : "FAILS     ", line);
    if (!ok && !explaining) {
        char *is = f_print(got);
        if (strlen(is) > 160) is[160] = 0;
        wrong(c, line, " (is ");
        f_puts(&c->why, is);
        f_puts(&c->why, ")");
    } else if (!ok) {
        say(c, "      is  ", f_print(got));
        wrong(c, line, "");
    }
    return ok;
}
static int holds_all(cell *c, const f_json *root, const entry *e) {
    int i, ok = 1;
    for (i = 0; i < e->lines; i++) {
        if (e->line[i][0] == '%' && !f_member(root, "%status")) continue;      /* in band: no head */
        ok &= holds(root, e->line[i], c);
    }
    return ok;
}
/* Does the reported path name the typed one: the same or something below it; in a stream, frames have other paths: the last name counts. */
static int names(const char *reported, const char *typed, int streamed) {
    size_t n = strlen(typed);
    const char *last;
    if (!strncmp(reported, typed, n) && (!reported[n] || reported[n] == '.' || reported[n] == '[')) return 1;
    if (!streamed) return 0;
    last = strrchr(typed, '.');
    last = last ? last + 1 : typed;
    return strstr(reported, last) != NULL;
}
static int named(cell *c, const entry *e, const char *path) {
    int i;
    for (i = 0; e && i < e->lines; i++) {
        char *word = strtok(keep_f(e->line[i]), "|");
        for (; word; word = strtok(NULL, "|"))
            if (names(path, word, c->streamed && c->f->flow != REQ)) return 1;
    }
    return 0;
}

/* A helper that every request to dialect t gets (usage in the stream: row include_usage; nothing stored, reasoning encrypted: include_encrypted). */
static int added(int t, const char *path) {
    int i;
    for (i = 0; i < 2; i++)
        if (rows[t].added[i] && names(path, rows[t].added[i], 0)) return 1;
    return 0;
}
/* What the report says, without what belongs to other rows: the best label that it allows. *hit: a path of `lost` is in it. */
static int report_label(cell *c, int *hit) {
    const entry *lost = find(c->f, "lost", rows[c->s].letter, rows[c->t].letter, c->streamed), *besides = find(c->f, "besides", rows[c->s].letter, rows[c->t].letter, c->streamed);
    size_t i;
    int label = EXACT;
    *hit = 0;
    for (i = 0; i < c->loss.n && i < c->loss.cap; i++) {
        const aigw_loss_item *it = &c->items[i];
        char line[400];
        sprintf(line, "%.12s %.200s: %.150s", aigw_model_loss_name(it->action), it->path, it->reason ? it->reason : "");
        say(c, "report    ", line);
        if (named(c, besides, it->path) || (it->action == AIGW_LOSS_SYNTHESIZED && added(c->t, it->path))) continue;
        if (it->action == AIGW_LOSS_SYNTHESIZED) { if (label > MAPPED) label = MAPPED; continue; }
        if (named(c, lost, it->path)) *hit = 1;
        if (label > (it->action == AIGW_LOSS_REFUSED ? REFUSED : LOSSY)) label = it->action == AIGW_LOSS_REFUSED ? REFUSED : LOSSY;
    }
    return label;
}
static void report_says(cell *c, const char *why) {
    size_t i;
    wrong(c, why, c->loss.n ? "; the report says" : "; the report is empty");
    for (i = 0; i < c->loss.n && i < c->loss.cap; i++) {
        f_puts(&c->why, i ? ", " : " ");
        f_puts(&c->why, aigw_model_loss_name(c->items[i].action));
        f_puts(&c->why, " ");
        f_puts(&c->why, c->items[i].path);
    }
}

/* Whether a whole or streamed answer ended as an answer must. */
static void check_end(cell *c) {
    if (!c->folded) return;
    if (c->fold.errors) wrong(c, "the client got an error instead: ", f_print(f_get(c->fold.whole, "error.message")));
    else if (rows[c->t].ends && c->fold.done != 1) wrong(c, "not exactly one end marker", "");
    else if (!c->fold.finish && !f_get(c->fold.whole, "promptFeedback")) wrong(c, "no finish reason", "");
}
/* The client's next message, as its SDK would send it back. */
static char *answer_message(cell *c, const f_json *answer, int client) {
    f_json *m = f_get(answer, rows[client].message), *o;
    const f_json *k;
    f_str b = { NULL, 0, 0 };
    if (!m) { wrong(c, "the client got no message", ""); return NULL; }
    if (rows[client].again == AS_IS) return f_print(m);
    if (rows[client].again == ITEMS) {
        f_put(&b, "", 0);
        for (k = m->kid; k; k = k->next) { f_puts(&b, f_print(k)); if (k->next) f_puts(&b, ","); }
        return b.s;
    }
    o = f_new('o');
    f_set(o, "role", f_string("assistant", 9));
    f_set(o, "content", f_copy(m));
    return f_print(o);
}

static f_json *run_response(cell *c, const entry *e) {
    f_json *j = c->streamed ? run_stream(c, c->s, c->t, e, NULL, 0) : run_whole(c, c->s, c->t, join(e));
    if (c->streamed && j && c->fold.errors && !c->fold.finish && !c->fold.done) c->refused = 1;
    else if (c->streamed && j) check_end(c);
    return j;
}
static f_json *run_loop(cell *c, const entry *e) {
    f_json *j = c->streamed ? run_stream(c, c->provider, c->client, e, NULL, 0) : run_whole(c, c->provider, c->client, join(e));
    const entry *next = find(c->f, "next", rows[c->client].letter, 0, c->streamed);
    char *message, *text, *hole;
    f_str b = { NULL, 0, 0 };
    if (!j || c->why.n) return NULL;
    if (!next) { wrong(c, "no `next`", ""); return NULL; }
    message = answer_message(c, j, c->client);
    if (!message) return NULL;
    text = join(next);
    hole = strstr(text, "@@");
    if (!hole) { wrong(c, "`next` has no @@", ""); return NULL; }
    f_put(&b, text, (size_t)(hole - text));
    f_puts(&b, message);
    f_puts(&b, hole + 2);
    return run_request(c, c->client, c->provider, b.s, c->streamed);
}
static f_json *run_error(cell *c, const entry *e) {
    aigw_arena mem = aigw_base_arena(memory, sizeof memory);
    aigw_header hs[8];
    aigw_head head;
    aigw_error err;
    aigw_str body;
    char *arg = keep(e->arg ? e->arg : "", e->arg ? strlen(e->arg) : 0), *word, *text = join(e);
    int hint = !strncmp(c->f->name, "hint_", 5);
    f_json *j;
    if (c->streamed && !hint) {
        int cut = !strcmp(arg, "cut");
        j = run_stream(c, c->s, c->t, partials[c->s], cut ? NULL : text, cut);
        if (!j) return NULL;
        if (c->fold.errors != 1) wrong(c, "not exactly one error event", "");
        if (c->fold.finish || c->fold.done) wrong(c, "a finish after an error", "");
        if (!strstr(f_print(j), "Hel")) wrong(c, "the text before the error is lost", "");
        return j;
    }
    memset(&head, 0, sizeof head);
    memset(&err, 0, sizeof err);
    head.headers = hs;
    head.cap = 8;
    word = strtok(arg, " ");
    head.status = word ? atoi(word) : 0;
    if (head.status == 200) {
        j = run_whole(c, c->s, c->t, text);
        if (j && !c->refused) { wrong(c, "no error came out", ""); return NULL; }
        c->refused = 0;
        return j;
    }
    aigw_base_header_put(&head, slice("content-type"), slice(text[0] == '{' ? "application/json" : "text/html"));
    while ((word = strtok(NULL, " "))) {
        char *eq = strchr(word, '='), *p;
        if (!eq) continue;
        *eq = 0;
        for (p = eq + 1; *p; p++) if (*p == '_') *p = ' ';
        aigw_base_header_put(&head, slice(word), slice(eq + 1));
    }
    body.n = strlen(text);
    body.p = t_dup(text, body.n);
    say(c, "error     ", e->arg);
    say(c, "          ", text);
    rows[c->s].dialect->error_decode(now, &head, body, &mem, &err);
    j = error_tree(c, &err, c->t);
    return j;
}

/* exact: what came out says the same when it is read again and said in the source's dialect. */
static void run_back(cell *c) {
    const entry *want = find(c->f, "want", rows[c->s].letter, rows[c->s].letter, c->streamed);
    f_json *j;
    char *text = f_print(c->out);
    const entry *frames = c->stream.n ? unframed(c->t, c->stream.s, c->stream.n) : NULL;
    size_t before = c->why.n;
    if (!want || c->s == c->t || c->f->flow == LOOP || c->f->flow == ERR) return;
    if (c->stream.n && !frames) return;           /* another framing: foreign.h has no reader of its pieces */
    say(c, "---- and back", "");
    c->loss.n = 0;
    if (c->f->flow == REQ) j = run_request(c, c->t, c->s, text, c->streamed);
    else if (!c->streamed) j = run_whole(c, c->t, c->s, text);
    else j = run_stream(c, c->t, c->s, frames, NULL, 0);
    if (j) holds_all(c, j, want);
    if (c->why.n > before) wrong(c, "(on the way back)", "");
}

/* Same dialect: the gateway's way, by edits in place, must hold to the label too. */
static void run_in_place(cell *c, const entry *in, const entry *want, int expected) {
    const entry *better;
    f_json *j;
    int hit;
    size_t before = c->why.n;
    if (c->f->flow != REQ || c->s != c->t) return;
    say(c, "---- in place", "");
    aigw_model_loss_init(&c->loss, c->items, 64);
    c->in_place = 1;
    j = run_request(c, c->s, c->t, join(in), c->streamed);
    c->in_place = 0;
    if (c->refused) wrong(c, "refused", "");
    if (j) holds_all(c, j, want);
    hit = 0;
    if (j && report_label(c, &hit) < expected) report_says(c, "below");
    better = find(c->f, "better", rows[c->s].letter, rows[c->t].letter, c->streamed);
    if (j && expected == LOSSY && better) holds_all(c, j, better);
    else if (j && expected == LOSSY && !hit) report_says(c, "the report does not name the source's path");
    if (c->why.n > before) wrong(c, "(in place)", "");
}

/* The strict flag refuses exactly what is lossy. */
static void run_strict(cell *c, const entry *in, int expected) {
    size_t before = c->why.n;
    int hit;
    if (c->f->flow != REQ || find(c->f, "besides", rows[c->s].letter, rows[c->t].letter, c->streamed)) return;
    say(c, "---- strict", "");
    aigw_model_loss_init(&c->loss, c->items, 64);
    c->strict = 1;
    c->refused = 0;
    (void)run_request(c, c->s, c->t, join(in), c->streamed);
    c->strict = 0;
    (void)report_label(c, &hit);
    if (c->refused != (expected == LOSSY)) report_says(c, c->refused ? "refused without need" : "not refused");
    if (c->why.n > before) wrong(c, "(strict)", "");
    c->refused = 0;
}

static void run_cell(cell *c) {
    static const char *const kinds[] = { "in", NULL, NULL, "error" };
    const char *kind = c->f->flow == REQ || c->f->flow == ERR ? kinds[c->f->flow] : c->streamed ? "stream" : "whole";
    int expected = c->f->label[c->streamed][c->client * DIALECTS + c->provider], allowed, hit;
    const entry *in, *want, *better;
    c->s = c->f->flow == REQ ? c->client : c->provider;
    c->t = c->f->flow == REQ || c->f->flow == LOOP ? c->provider : c->client;
    c->got = NONE;
    aigw_model_loss_init(&c->loss, c->items, 64);
    in = find(c->f, kind, rows[c->f->flow == LOOP ? c->provider : c->s].letter, rows[c->t].letter, c->streamed);
    want = find(c->f, "want", rows[c->f->flow == LOOP ? c->client : c->s].letter, rows[c->t].letter, c->streamed);
    if (!in) { wrong(c, "no exemplar of the source", ""); return; }
    c->out = c->f->flow == REQ ? run_request(c, c->s, c->t, join(in), c->streamed) : c->f->flow == RESP ? run_response(c, in) :
             c->f->flow == LOOP ? run_loop(c, in) : run_error(c, in);
    if (c->why.n) return;
    allowed = report_label(c, &hit);
    if (c->refused) {
        if (c->f->flow == REQ && !hit) report_says(c, "refused, but the source's path is not named");
        else c->got = REFUSED;
        if (c->got == REFUSED && expected > REFUSED) report_says(c, "refused");
        return;
    }
    if (!c->out) { wrong(c, "nothing came out", ""); return; }
    if (expected == REFUSED) { report_says(c, "should have been refused"); return; }
    if (!want) { wrong(c, "no assertions for the target", ""); return; }
    if (!holds_all(c, c->out, want)) return;
    if (expected == LOSSY && allowed >= MAPPED) {
        better = find(c->f, "better", rows[c->s].letter, rows[c->t].letter, c->streamed);
        if (better && holds_all(c, c->out, better)) c->got = EXACT;
        else report_says(c, "a silent loss");
        return;
    }
    if (expected == LOSSY && !hit) { report_says(c, "the report does not name the source's path"); return; }
    if (allowed < expected) { c->got = allowed; report_says(c, "below"); return; }
    if (expected == EXACT) run_back(c);
    if (!c->why.n) run_in_place(c, in, want, expected);
    if (!c->why.n) run_strict(c, in, expected);
    if (!c->why.n) c->got = allowed < expected ? allowed : expected;
}

/* ---- the page ---- */
/* All lines of all stories, each once. */
static struct { char **line; int n, cap, *slot, slots; } told;

static int told_slot(const char *s, size_t n) {
    unsigned long h = 5381;
    size_t i;
    int at;
    for (i = 0; i < n; i++) h = h * 33 + (unsigned char)s[i];
    at = (int)(h % (unsigned long)told.slots);
    while (told.slot[at] && (strncmp(told.line[told.slot[at] - 1], s, n) || told.line[told.slot[at] - 1][n])) at = (at + 1) % told.slots;
    return at;
}
static int told_line(const char *s, size_t n) {
    int at, i;
    if (told.n * 2 >= told.slots) {
        told.cap = told.cap ? told.cap * 2 : 4096;
        told.slots = told.cap * 2;
        free(told.slot);
        told.slot = (int *)calloc((size_t)told.slots, sizeof *told.slot);
        told.line = (char **)realloc(told.line, (size_t)told.cap * sizeof *told.line);
        if (!told.slot || !told.line) exit(2);
        for (i = 0; i < told.n; i++) told.slot[told_slot(told.line[i], strlen(told.line[i]))] = i + 1;
    }
    at = told_slot(s, n);
    if (!told.slot[at]) { told.line[told.n] = keep(s, n); told.slot[at] = ++told.n; }
    return told.slot[at] - 1;
}
static int *tell(const char *log) {
    size_t n = 2, i = 0;
    const char *p;
    int *story;
    for (p = log; *p; p++) n += *p == '\n';
    story = (int *)malloc(n * sizeof *story);
    if (!story) exit(2);
    for (p = log; *p; p += strcspn(p, "\n"), p += *p == '\n')
        if (*p != '\n' && *p != '\r') story[i++] = told_line(p, strcspn(p, "\r\n"));
    story[i] = -1;
    return story;
}
/* JSON for a script element: no tag can begin in it. */
static void page_string(FILE *out, const char *s) {
    fputc('"', out);
    for (; s && *s; s++) {
        if (*s == '"' || *s == '\\') fprintf(out, "\\%c", *s);
        else if ((unsigned char)*s < 0x20 || *s == '<') fprintf(out, "\\u%04x", (unsigned)*s);
        else fputc(*s, out);
    }
    fputc('"', out);
}
static void page_feature(FILE *out, const feature *f) {
    static const char *const flows[] = { "req", "resp", "loop", "error" };
    int k, pair, *story;
    fprintf(out, "{\"name\":\"%s\",\"flow\":\"%s\",\"section\":", f->name, flows[f->flow]);
    page_string(out, f->section);
    fprintf(out, ",\"says\":");
    page_string(out, f->says);
    fprintf(out, ",\"reason\":[");
    for (k = 0; k < 2; k++) { page_string(out, f->reason[k]); fputs(k ? "],\"label\":[" : ",", out); }
    for (k = 0; k < 2; k++) {
        fputc('"', out);
        for (pair = 0; pair < PAIRS; pair++) fputc(codes[f->label[k][pair]], out);
        fputs(k ? "\"],\"proven\":[" : "\",", out);
    }
    for (k = 0; k < 2; k++) {
        fputc('"', out);
        for (pair = 0; pair < PAIRS; pair++) fputc(f->story[k][pair] ? '0' + f->proven[k][pair] : '-', out);
        fputs(k ? "\"],\"story\":[" : "\",", out);
    }
    for (k = 0; k < 2; k++) {
        fputc('[', out);
        for (pair = 0; pair < PAIRS; pair++) {
            const char *comma = "";
            fputs(pair ? ",[" : "[", out);
            for (story = f->story[k][pair]; story && *story >= 0; story++, comma = ",") fprintf(out, "%s%d", comma, *story);
            fputc(']', out);
        }
        fputs(k ? "]" : "],", out);
    }
    fputs("]}", out);
}
static void write_page(const char *path) {
    char *page = read_file("tests/matrix.html"), *hole = strstr(page, "@DATA@");
    FILE *out = fopen(path, "wb");
    const feature *f;
    int i;
    if (!out || !hole) { complain(path, 0, "cannot write the page, or it has no place for the data", ""); return; }
    fwrite(page, 1, (size_t)(hole - page), out);
    fputs("{\"dialects\":[", out);
    for (i = 0; i < DIALECTS; i++) fprintf(out, "%s{\"letter\":\"%c\",\"name\":\"%s\",\"built\":%d}", i ? "," : "", rows[i].letter, rows[i].name, built(i));
    fputs("],\n\"features\":[", out);
    for (f = features; f; f = f->next) { page_feature(out, f); if (f->next) fputs(",\n", out); }
    fputs("],\n\"lines\":[", out);
    for (i = 0; i < told.n; i++) { if (i) fputc(',', out); page_string(out, told.line[i]); }
    fputs("]}", out);
    fputs(hole + 6, out);
    if (fclose(out)) complain(path, 0, "cannot write", "");
    free(page);
}

/* ---- all cells ---- */
static int run_one(feature *f, int streamed, int pair, int print) {
    cell *c = (cell *)calloc(1, sizeof *c);
    int expected = f->label[streamed][pair], ok;
    if (!c) exit(2);
    c->f = f;
    c->streamed = streamed;
    c->client = pair / DIALECTS;
    c->provider = pair % DIALECTS;
    run_cell(c);
    ok = c->got >= expected;
    if (print || !ok) {
        printf("%s %s %c>%c %s: expected %s, got %s%s%s\n", ok ? "ok  " : "FAIL", f->name, rows[c->client].letter, rows[c->provider].letter, streamed ? "streamed" : "whole",
               label_names[expected], c->got == NONE ? "wrong" : label_names[c->got], c->why.n ? ": " : "", c->why.n ? c->why.s : "");
        if (explaining && c->log.n) printf("%s\n", c->log.s);
    }
    if (telling && c->why.n) { say(c, "WRONG     ", c->why.s); }
    if (telling && c->log.n) f->story[streamed][pair] = tell(c->log.s);
    f->proven[streamed][pair] = ok;
    free(c);
    f_free();
    t_free_all();
    return ok;
}
/* Do typed frames split a surrogate pair? aigw must mend that, the fold does not. */
static int splits_pair(const entry *e) {
    int i;
    for (i = 0; i < e->lines; i++)
        if (strstr(e->line[i], "\\ud83d\"")) return 1;
    return 0;
}
/* The typed inputs must satisfy the assertions of their own dialect where the label says that they come back as they are. */
static int check_exemplars(void) {
    const feature *f;
    int bad = 0, n = 0, s, k;
    for (f = features; f; f = f->next)
        for (s = 0; s < DIALECTS; s++)
            for (k = 0; k < 2 && built(s); k++) {
                cell *c = (cell *)calloc(1, sizeof *c);
                const entry *in = find(f, f->flow == REQ ? "in" : k ? "stream" : "whole", rows[s].letter, rows[s].letter, k), *want = find(f, "want", rows[s].letter, rows[s].letter, k);
                int label = f->label[k][s * DIALECTS + s];
                if (!c) exit(2);
                if (label == EXACT && f->flow != ERR && f->flow != LOOP && in && want && strcmp(f->name, "include_usage") &&
                    !(k && splits_pair(in))) {
                    c->f = f;
                    c->t = s;
                    n++;
                    if (f->flow == RESP && k) {
                        f_str b = framed(s, in);
                        c->fold = rows[s].fold(b.s, b.n);
                        c->folded = 1;
                        c->out = c->fold.whole;
                        if (c->fold.bad) wrong(c, "typed stream: ", c->fold.bad);
                        check_end(c);
                    } else {
                        char *text = join(in);
                        c->out = f_parse(text, strlen(text), NULL);
                        if (!c->out) wrong(c, "not JSON", "");
                    }
                    if (c->out) holds_all(c, c->out, want);
                    if (c->why.n) { bad++; printf("FAIL exemplar %s %c %s: %s\n", f->name, rows[s].letter, k ? "stream" : "whole", c->why.s); }
                }
                free(c);
                f_free();
            }
    printf("%d exemplars, %d wrong\n", n, bad);
    return bad;
}
/* Features with this label for a pair in either mode, as `a`, `b`. */
static void list_features(int pair, int label) {
    const feature *f;
    int n = 0;
    for (f = features; f; f = f->next)
        if (f->label[0][pair] == label || f->label[1][pair] == label) printf("%s%s", n++ ? ", " : "", f->name);
    if (!n) printf("-");
}
/* The table of README.md, by the labels of what is built. */
static char *summary(void) {
    f_str b = { NULL, 0, 0 };
    const feature *f;
    int all[6] = { 0, 0, 0, 0, 0, 0 }, pair, k, label, count = 0;
    char t[400];
    f_puts(&b, "| client \\ provider |");
    for (k = 0; k < DIALECTS; k++) { sprintf(t, " %s |", rows[k].name); f_puts(&b, t); }
    f_puts(&b, "\n|---|");
    for (k = 0; k < DIALECTS; k++) f_puts(&b, "---:|");
    for (pair = 0; pair < PAIRS; pair++) {
        int n[6] = { 0, 0, 0, 0, 0, 0 };
        if (pair % DIALECTS == 0) { sprintf(t, "\n| **%s** |", rows[pair / DIALECTS].name); f_puts(&b, t); }
        if (!built(pair / DIALECTS) || !built(pair % DIALECTS)) { f_puts(&b, " |"); continue; }
        for (f = features; f; f = f->next)
            for (k = 0; k < 2; k++) n[f->label[k][pair]]++;
        for (label = 0; label <= EXACT; label++) all[label] += n[label];
        sprintf(t, " %d/%d/%d/%d |", n[EXACT], n[MAPPED], n[LOSSY], n[REFUSED]);
        f_puts(&b, t);
    }
    for (f = features; f; f = f->next) count++;
    sprintf(t, "\n\n%d features, whole and streamed: %d cells that the source can say, of which %d exact, %d mapped, %d lossy, %d refused.\n", count,
            all[EXACT] + all[MAPPED] + all[LOSSY] + all[REFUSED], all[EXACT], all[MAPPED], all[LOSSY], all[REFUSED]);
    f_puts(&b, t);
    return b.s;
}
/* Where README.md holds that table: *from, *to around it, 0 when it has no place for it. */
static int readme_place(char *text, char **from, char **to) {
    static const char begin[] = "<!-- build/matrix --readme -->\n", end[] = "<!-- end -->";
    *from = strstr(text, begin);
    if (!*from) return 0;
    *from += sizeof begin - 1;
    *to = strstr(*from, end);
    return *to != NULL;
}
static int readme_is_current(void) {
    char *text = read_file("README.md"), *from = NULL, *to = NULL, *want = summary();
    int same = readme_place(text, &from, &to) && strlen(want) == (size_t)(to - from) && !memcmp(want, from, strlen(want));
    free(text);
    return same;
}
static int write_readme(void) {
    char *text = read_file("README.md"), *from, *to;
    FILE *out;
    if (!readme_place(text, &from, &to)) { printf("README.md has no place for the table\n"); return 1; }
    out = fopen("README.md", "wb");
    if (!out) return 1;
    fwrite(text, 1, (size_t)(from - text), out);
    fputs(summary(), out);
    fputs(to, out);
    return fclose(out) != 0;
}
static void losses(void) {
    int pair;
    printf("| client > provider | refused | reported as dropped or approximated |\n|---|---|---|\n");
    for (pair = 0; pair < PAIRS; pair++) {
        if (!built(pair / DIALECTS) || !built(pair % DIALECTS)) continue;
        printf("| %s > %s | ", rows[pair / DIALECTS].name, rows[pair % DIALECTS].name);
        list_features(pair, REFUSED);
        printf(" | ");
        list_features(pair, LOSSY);
        printf(" |\n");
    }
}
int main(int argc, char **argv) {
    static const char *const files[] = { "common", "requests", "reasoning", "answers", "errors", "responses", "bedrock", "cohere", "ollama" };
    static char paths[T_COUNT(files)][64];
    int cells = 0, proven = 0, unlabelled = 0, unbuilt = 0, below = 0, count[6] = { 0, 0, 0, 0, 0, 0 }, streamed, pair, found = 0;
    const char *page = argc > 2 && !strcmp(argv[1], "--page") ? argv[2] : NULL;
    feature *f;
    size_t i;
    read_matrix("tests/matrix.txt");
    for (i = 0; i < T_COUNT(files); i++) {
        sprintf(paths[i], "tests/matrix/%s.txt", files[i]);
        if (i < 5 || is_file(paths[i])) read_exemplars(paths[i]);
    }
    if (argc > 1 && !strcmp(argv[1], "--summary")) { printf("%s", summary()); return 0; }
    if (argc > 1 && !strcmp(argv[1], "--readme")) return write_readme();
    if (argc > 1 && !strcmp(argv[1], "--losses")) { losses(); return 0; }
    if (argc > 1 && !strcmp(argv[1], "--exemplars")) return check_exemplars() || file_errors;
    if (page) argc = 1;
    telling = page != NULL;
    explaining = argc > 1;
    if (!explaining) file_errors += check_exemplars();
    for (f = features; f; f = f->next)
        for (streamed = 0; streamed < 2; streamed++)
            for (pair = 0; pair < PAIRS; pair++) {
                int label = f->label[streamed][pair];
                char word[4];
                sprintf(word, "%c>%c", rows[pair / DIALECTS].letter, rows[pair % DIALECTS].letter);
                if (argc > 1 && strcmp(argv[1], f->name)) continue;
                if (argc > 2 && strcmp(argv[2], word)) continue;
                if (argc > 3 && argv[3][0] != (streamed ? 's' : 'w')) continue;
                if (!built(pair / DIALECTS) || !built(pair % DIALECTS)) { unbuilt++; continue; }
                found = 1;
                cells++;
                count[label]++;
                if (label == NONE) { unlabelled++; continue; }
                if (label == NA) continue;
                if (run_one(f, streamed, pair, explaining)) proven++; else below++;
            }
    if (page) write_page(page);
    if (!explaining && !readme_is_current()) complain("README.md", 0, "its table is not what --summary prints: run build/matrix --readme", "");
    if (explaining && !found) { printf("no such cell; features are the first column of tests/matrix.txt, pairs O>A\n"); return 2; }
    printf("labels: %d exact, %d mapped, %d lossy, %d refused, %d n/a", count[EXACT], count[MAPPED], count[LOSSY], count[REFUSED], count[NA]);
    if (unbuilt) printf("; %d cells of dialects not built", unbuilt);
    printf("\n");
    if (below || file_errors) printf("%d below their label, %d errors in the files\n", below, file_errors);
    printf("%d cells, %d proven, %d unlabelled\n", cells, proven, unlabelled);
    return below || unlabelled || file_errors ? 1 : 0;
}
