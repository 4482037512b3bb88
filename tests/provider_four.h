/* SPDX-License-Identifier: MIT OR Unlicense */
/* provider_four.h: four more dialects of provider.c, which includes it: OpenAI Responses, Bedrock Converse,
 * Cohere chat (version 2), Ollama chat; and embeddings in every form. Knows what these providers accept and how they
 * answer, from their documentation and recordings; knows nothing of aigw, nor of connections. */

/* --------------------------------------------------------------------------- OpenAI Responses: reading */

static void data_url(asked *a, const char *path, const char *url) {
    const char *semi = strstr(url, ";base64,");
    char mime[64];
    if (strncmp(url, "data:", 5)) {
        want(!strncmp(url, "https://", 8) || !strncmp(url, "http://", 7), path, "Invalid URL in '%s'", path);
        media_url(a, url);
    } else if (want(semi && semi - url < 60, path, "%s: invalid data URL", path)) {
        snprintf(mime, sizeof mime, "%.*s", (int)(semi - url - 5), url + 5);
        media(a, path, mime, semi + 8);
    }
}
static void rsp_part(asked *a, const node *p, int assistant, const char *path, sb *text) {
    const char *type = text_of(get(p, "type"));
    if (!strcmp(type, assistant ? "output_text" : "input_text")) {
        keys(a, p, path, assistant ? "type text annotations logprobs" : "type text prompt_cache_breakpoint");
        want(get(p, "text") && get(p, "text")->type == J_STR, path, "Missing required parameter: '%s.text'.",
             path);
        sb_s(text, text_of(get(p, "text")));
    } else if (!strcmp(type, "refusal") && assistant) keys(a, p, path, "type refusal");
    else if (!strcmp(type, "input_image") && !assistant) {
        keys(a, p, path, "type image_url file_id detail prompt_cache_breakpoint");
        str_in(get(p, "detail"), path, "auto low high original");
        typed(get(p, "image_url"), path, J_STR);
        if (get(p, "image_url")) data_url(a, path, text_of(get(p, "image_url")));
    } else if (!strcmp(type, "input_file") && !assistant) {
        keys(a, p, path, "type file_id file_url file_data filename detail prompt_cache_breakpoint");
        if (get(p, "file_data")) data_url(a, path, text_of(get(p, "file_data")));
    } else
        want(0, path, "Invalid value: '%s'. Supported values are: 'input_text', 'input_image', 'input_file'.",
             type);
}
static void rsp_content(asked *a, const node *c, int assistant, const char *path, sb *text) {
    const node *p;
    if (!want(c && (c->type == J_STR || (c->type == J_ARR && c->child)), path,
              "Missing required parameter: '%s'", path))
        return;
    if (c->type == J_STR) { sb_s(text, c->s); return; }
    for (p = c->child; p; p = p->next) rsp_part(a, p, assistant, path, text);
}
static void rsp_message(asked *a, const node *m, const char *path) {
    const char *role = text_of(get(m, "role"));
    int assistant = !strcmp(role, "assistant");
    sb text = { NULL, 0, 0 };
    want(listed(role, "system developer user assistant"), path,
         "Invalid value: '%s'. Supported roles differ.", role);
    keys(a, m, path, assistant ? "type role content id status phase" : "type role content status id");
    rsp_content(a, get(m, "content"), assistant, path, &text);
    if (!strcmp(role, "system") || !strcmp(role, "developer"))
        sb_f(&a->system, "%s%s", a->system.n ? "\n\n" : "", text.p ? text.p : "");
    if (!strcmp(role, "user")) { a->user.n = 0; sb_s(&a->user, text.p ? text.p : ""); a->after_tool = 0; }
    free(text.p);
}
/* What `think` handed out comes back as it was; a call by its item's id needs its reasoning before it. */
static void rsp_reasoning(asked *a, const node *m, const char *path) {
    const node *s;
    keys(a, m, path, "type id summary content encrypted_content status");
    want(get(m, "summary") && get(m, "summary")->type == J_ARR, path,
         "Missing required parameter: '%s.summary'.", path);
    want(!strncmp(text_of(get(m, "id")), "rs_", 3), path,
         "Invalid '%s.id': expected an ID that begins with 'rs'.", path);
    if (get(m, "summary"))
        for (s = get(m, "summary")->child; s; s = s->next) {
            keys(a, s, path, "type text");
            want(is_str(get(s, "type"), "summary_text"), path, "Invalid value: '%s.summary.type'", path);
            if (is_str(get(s, "text"), THINK_TEXT)) { a->kept.n = 0; sb_s(&a->kept, "text kept"); }
        }
    if (get(m, "encrypted_content")) {
        want(sig_ok(get(m, "encrypted_content"), 0), path, "The encrypted content could not be verified.");
        a->kept.n = 0;
        sb_s(&a->kept, "signature kept");
    }
}
static void rsp_input(asked *a, const node *in) {
    pending open[16];
    int nopen = 0, i, k = 0, thought = 0;
    const node *m;
    if (!want(in && (in->type == J_STR || (in->type == J_ARR && in->child)), "input",
              "Missing required parameter: 'input'."))
        return;
    if (in->type == J_STR) { sb_s(&a->user, in->s); return; }
    for (m = in->child; m; m = m->next, k++) {
        const char *type = get(m, "type") ? text_of(get(m, "type")) : "message", *id = text_of(get(m, "call_"
                                                                                                      "id"));
        sb text = { NULL, 0, 0 };
        char path[64];
        snprintf(path, sizeof path, "input[%d]", k);
        if (!strcmp(type, "message")) { rsp_message(a, m, path); thought = 0; }
        else if (!strcmp(type, "reasoning")) { rsp_reasoning(a, m, path); thought = 1; }
        else if (!strcmp(type, "function_call")) {
            const char *item = text_of(get(m, "id"));
            keys(a, m, path, "type call_id name arguments id status namespace async caller");
            want(*id, path, "Missing required parameter: '%s.call_id'.", path);
            want(!*item || !strncmp(item, "fc_", 3), path,
                 "Invalid '%s.id': expected an ID that begins with 'fc'.", path);
            want(name_ok(text_of(get(m, "name")), 128, "_-"), path,
                 "Invalid '%s.name': string does not match pattern.", path);
            want(get(m, "arguments") && get(m, "arguments")->type == J_STR, path,
                 "Invalid type for '%s.arguments'.", path);
            want(thought || strncmp(id, "call_think", 10) || !*item, path,
                 "Item '%s' of type 'function_call' was provided without its "
                 "required 'reasoning' item",
                 item);
            a->results.n = 0;
            for (i = 0; i < nopen; i++)
                want(strcmp(open[i].id, id) != 0, path, "Duplicate call_id '%s'.", id);
            if (nopen < 16) { open[nopen].id = id; open[nopen].name = ""; open[nopen++].done = 0; }
        } else if (!strcmp(type, "function_call_output")) {
            keys(a, m, path, "type call_id output id status name");
            for (i = 0; i < nopen && (strcmp(open[i].id, id) || open[i].done); i++) { }
            if (want(i < nopen, path, "No tool call found for function call output with call_id %s.", id))
                open[i].done = 1;
            rsp_content(a, get(m, "output"), 0, path, &text);
            sb_f(&a->results, "%s%s", a->results.n ? " | " : "", text.p ? text.p : "");
            a->after_tool = 1;
        } else want(0, path, "Invalid value: '%s' for '%s.type'.", type, path);
        free(text.p);
    }
    for (i = 0; i < nopen; i++)
        want(open[i].done, "input", "No tool output found for function call %s.", open[i].id);
}
static void rsp_tools(asked *a, const node *b) {
    const node *t = get(b, "tools"), *choice = get(b, "tool_choice"), *p = get(b, "parallel_tool_calls");
    if (t)
        for (typed(t, "tools", J_ARR), t = t->child; t; t = t->next) {
            keys(a, t, "tools",
                 "type name parameters strict description defer_loading output_schema allowed_callers async");
            want(is_str(get(t, "type"), "function"), "tools", "Invalid value: 'tools[].type'.");
            want(name_ok(text_of(get(t, "name")), 128, "_-"), "tools",
                 "Missing required parameter: 'tools[].name'.");
            typed(get(t, "parameters"), "tools[].parameters", J_OBJ);
            typed(get(t, "strict"), "tools[].strict", J_TRUE);
            add_tool(a, text_of(get(t, "name")));
        }
    if (choice && choice->type == J_STR) str_in(choice, "tool_choice", "none auto required");
    else if (choice && is_str(get(choice, "type"), "function")) {
        keys(a, choice, "tool_choice", "type name");
        a->forced_name = text_of(get(choice, "name"));
        want(has_tool(a, a->forced_name), "tool_choice", "Tool choice '%s' not found in 'tools' parameter.",
             a->forced_name);
    } else if (choice)
        want(is_str(get(choice, "type"), "allowed_tools"), "tool_choice", "Invalid value for 'tool_choice'");
    a->no_tools = is_str(choice, "none");
    a->forced = is_str(choice, "required") || a->forced_name;
    typed(p, "parallel_tool_calls", J_TRUE);
    a->parallel_off = p && p->type == J_FALSE;
}
static void rsp_text(asked *a, const node *t) {
    const node *f = get(t, "format");
    if (!t) return;
    keys(a, t, "text", "format verbosity");
    str_in(get(t, "verbosity"), "text.verbosity", "low medium high");
    if (!f) return;
    keys(a, f, "text.format", "type name schema description strict");
    str_in(get(f, "type"), "text.format.type", "text json_object json_schema");
    a->json = is_str(get(f, "type"), "json_object");
    if (!is_str(get(f, "type"), "json_schema")) return;
    want(name_ok(text_of(get(f, "name")), 64, "_-"), "text.format.name",
         "Missing required parameter: 'text.format.name'.");
    want(get(f, "schema") && get(f, "schema")->type == J_OBJ, "text.format.schema",
         "Missing required parameter: 'text.format.schema'.");
    a->schema = 1;
}
static void rsp_read(asked *a, const node *b) {
    const node *v, *r = get(b, "reasoning");
    keys(a, b, "",
         a->count ? "model input instructions tools tool_choice reasoning text parallel_tool_calls "
                    "truncation previous_response_id "
                    "conversation"
                  : "model input instructions previous_response_id conversation background store include "
                    "max_output_tokens max_tool_calls "
                    "metadata moderation parallel_tool_calls prompt prompt_cache_key prompt_cache_options "
                    "prompt_cache_retention reasoning "
                    "safety_identifier user service_tier stream stream_options temperature top_p "
                    "top_logprobs text tools tool_choice truncation "
                    "context_management");
    want(get(b, "model") && get(b, "model")->type == J_STR, "model", "Missing required parameter: 'model'.");
    snprintf(a->model, sizeof a->model, "%s", text_of(get(b, "model")));
    typed(get(b, "stream"), "stream", J_TRUE);
    a->stream = a->sse = get(b, "stream") && get(b, "stream")->type == J_TRUE;
    if ((v = get(b, "stream_options")) != NULL) keys(a, v, "stream_options", "include_obfuscation");
    num_in(get(b, "max_output_tokens"), "max_output_tokens", 16, 1e9, 1);
    num_in(get(b, "temperature"), "temperature", 0, 2, 0);
    num_in(get(b, "top_p"), "top_p", 0, 1, 0);
    num_in(get(b, "top_logprobs"), "top_logprobs", 0, 20, 1);
    str_in(get(b, "truncation"), "truncation", "auto disabled");
    str_in(get(b, "service_tier"), "service_tier", "auto default flex scale priority fast ultrafast");
    typed(get(b, "store"), "store", J_TRUE);
    typed(get(b, "metadata"), "metadata", J_OBJ);
    typed(get(b, "instructions"), "instructions", J_STR);
    sb_s(&a->system, text_of(get(b, "instructions")));
    if ((v = get(b, "include")) != NULL)
        for (typed(v, "include", J_ARR), v = v->child; v; v = v->next) {
            str_in(v, "include",
                   "reasoning.encrypted_content message.output_text.logprobs message.input_image.image_url");
            a->encrypted |= is_str(v, "reasoning.encrypted_content");
        }
    if (r) {
        keys(a, r, "reasoning", "effort summary context mode generate_summary");
        str_in(get(r, "effort"), "reasoning.effort", "none minimal low medium high xhigh max");
        str_in(get(r, "summary"), "reasoning.summary", "auto concise detailed");
        a->summary = get(r, "summary") != NULL;
    }
    rsp_text(a, get(b, "text"));
    rsp_tools(a, b);
    rsp_input(a, get(b, "input"));
}

/* --------------------------------------------------------------------------- OpenAI Responses: writing */

static void rsp_usage(sb *b, const answer *w) {
    sb_f(b,
         "{\"input_tokens\":%d,\"input_tokens_details\":{\"cached_tokens\":%d,\"cache_write_tokens\":%d},"
         "\"output_tokens\":%d,"
         "\"output_tokens_details\":{\"reasoning_tokens\":%d},\"total_tokens\":%d}",
         w->in, w->cached, w->written, w->out, w->reasoning, w->in + w->out);
}
/* What the items of an answer are: reasoning, a message, calls. */
static int rsp_message_of(const answer *w) {
    return w->text.n || w->refusal || w->reps || (!w->ncalls && w->fin != FIN_BLOCKED);
}
static int rsp_items(const answer *w) { return (w->think != NULL) + rsp_message_of(w) + w->ncalls; }

static void rsp_part_out(sb *b, const answer *w, const char *text) {
    sb_f(b, "{\"type\":\"%s\",\"%s\":", w->refusal ? "refusal" : "output_text",
         w->refusal ? "refusal" : "text");
    sb_qs(b, text);
    sb_s(b, w->refusal ? "}" : ",\"annotations\":[],\"logprobs\":[]}");
}
/* Item i, as it is when added (done 0) or when done. */
static void rsp_item(plan *p, sb *b, const asked *a, const answer *w, int i, int done) {
    const char *status =
        done ? w->fin == FIN_LENGTH || w->fin == FIN_FILTER ? "incomplete" : "completed" : "in_progress";
    if (w->think && !i) {
        sb_f(b, "{\"id\":\"rs_T%lu\",\"type\":\"reasoning\",\"summary\":[", serial);
        if (done && a->summary) {
            sb_s(b, "{\"type\":\"summary_text\",\"text\":");
            sb_qs(b, w->think);
            sb_s(b, "}");
        }
        sb_s(b, "]");
        if (a->encrypted) sb_f(b, ",\"encrypted_content\":\"%s\"", done ? THINK_SIG : "gAAAAA==");
        sb_s(b, "}");
        return;
    }
    i -= w->think != NULL;
    if (rsp_message_of(w) && !i) {
        sb_f(b,
             "{\"id\":\"msg_T%lu\",\"type\":\"message\",\"role\":\"assistant\",\"status\":\"%s\",\"content\":"
             "[",
             serial, status);
        if (done && w->reps) {
            sb_s(b, "{\"type\":\"output_text\",\"annotations\":[],\"text\":");
            whole_text(p, b, w);
            sb_s(b, "}");
        } else if (done) rsp_part_out(b, w, w->refusal ? w->refusal : w->text.p ? w->text.p : "");
        sb_s(b, "]}");
        return;
    }
    i -= rsp_message_of(w);
    sb_f(b,
         "{\"id\":\"fc_T%lu%d\",\"type\":\"function_call\",\"status\":\"%s\",\"call_id\":\"%s\",\"name\":\"%"
         "s\",\"arguments\":",
         serial, i, status, w->calls[i].id, w->calls[i].name);
    sb_qs(b, done ? w->calls[i].args : "");
    sb_s(b, "}");
}
static void rsp_object(plan *p, sb *b, const asked *a, const answer *w, int done) {
    const char *why_not = w->fin == FIN_LENGTH                            ? "max_output_tokens"
                          : w->fin == FIN_FILTER || w->fin == FIN_BLOCKED ? "content_filter"
                                                                          : NULL;
    int i;
    sb_f(b,
         "{\"id\":\"resp_T%lu\",\"object\":\"response\",\"created_at\":1763700000,\"status\":\"%s\","
         "\"background\":false,\"error\":null,"
         "\"incomplete_details\":",
         serial,
         !done     ? "in_progress"
         : why_not ? "incomplete"
                   : "completed");
    if (done && why_not) sb_f(b, "{\"reason\":\"%s\"}", why_not); else sb_s(b, "null");
    sb_f(b, ",\"instructions\":null,\"max_output_tokens\":null,\"model\":\"%s\",\"output\":[", a->model);
    for (i = 0; done && i < rsp_items(w); i++) { if (i) sb_s(b, ","); rsp_item(p, b, a, w, i, 1); }
    sb_s(b, "],\"parallel_tool_calls\":true,\"previous_response_id\":null,\"reasoning\":{\"effort\":null,"
            "\"summary\":null},\"store\":false,"
            "\"temperature\":1.0,\"text\":{\"format\":{\"type\":\"text\"},\"verbosity\":\"medium\"},\"tool_"
            "choice\":\"auto\",\"tools\":[],"
            "\"top_p\":1.0,\"truncation\":\"disabled\",\"metadata\":{},\"usage\":");
    if (done) rsp_usage(b, w); else sb_s(b, "null");
    sb_s(b, "}");
}
static void rsp_whole(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    rsp_object(p, &b, a, w, 1);
    plan_add(p, &b, 1, 0);
}
/* One event: its type and number, then `rest`. */
static void rsp_ev(plan *p, const asked *a, const char *type, const char *rest) {
    sb b = { NULL, 0, 0 };
    sb_f(&b, "{\"type\":\"%s\",\"sequence_number\":%d", type, p->seq++);
    sb_s(&b, rest);
    sb_s(&b, "}");
    plan_event(p, a, type, &b, 1, 0);
    free(b.p);
}
static void rsp_state(plan *p, const asked *a, const answer *w, const char *type, int done) {
    sb b = { NULL, 0, 0 };
    sb_s(&b, ",\"response\":");
    rsp_object(p, &b, a, w, done);
    rsp_ev(p, a, type, b.p);
    free(b.p);
}
static void rsp_edge(plan *p, const asked *a, const answer *w, int i, int done) {
    sb b = { NULL, 0, 0 };
    sb_f(&b, ",\"output_index\":%d,\"item\":", i);
    rsp_item(p, &b, a, w, i, done);
    rsp_ev(p, a, done ? "response.output_item.done" : "response.output_item.added", b.p);
    free(b.p);
}
/* `where` names the item, its index and what else the events of one text repeat; member: of all text. */
static void rsp_deltas(plan *p, const asked *a, const char *stem, const char *where, const char *member,
                       const char *more, const char *s) {
    const char *all = s;
    sb b = { NULL, 0, 0 };
    size_t k, step = mouth(s);
    char type[64];
    snprintf(type, sizeof type, "response.%s.delta", stem);
    for (; *s; s += k) {
        k = bite(s, step);
        b.n = 0;
        sb_f(&b, "%s%s,\"delta\":", where, more);
        sb_q(&b, s, k, 0);
        sb_s(&b, ",\"obfuscation\":\"Qz\"");
        rsp_ev(p, a, type, b.p);
    }
    snprintf(type, sizeof type, "response.%s.done", stem);
    b.n = 0;
    sb_f(&b, "%s%s,\"%s\":", where, more, member);
    sb_qs(&b, all);
    rsp_ev(p, a, type, b.p);
    free(b.p);
}
static void rsp_part_edge(plan *p, const asked *a, const char *type, const char *where, const answer *w,
                          const char *text) {
    sb b = { NULL, 0, 0 };
    sb_f(&b, "%s,\"part\":", where);
    if (w->think && text == w->think) {
        sb_s(&b, "{\"type\":\"summary_text\",\"text\":");
        sb_qs(&b, text);
        sb_s(&b, "}");
    } else rsp_part_out(&b, w, text);
    rsp_ev(p, a, type, b.p);
    free(b.p);
}
static void rsp_stream(plan *p, const asked *a, const answer *w) {
    const char *text = w->refusal ? w->refusal : w->text.p ? w->text.p : "";
    char where[160];
    int i, k = 0;
    rsp_state(p, a, w, "response.created", 0);
    rsp_state(p, a, w, "response.in_progress", 0);
    if (w->think) {
        rsp_edge(p, a, w, k, 0);
        snprintf(where, sizeof where, ",\"item_id\":\"rs_T%lu\",\"output_index\":%d,\"summary_index\":0",
                 serial, k);
        if (a->summary) {
            sb b = { NULL, 0, 0 };
            sb_f(&b, "%s,\"part\":{\"type\":\"summary_text\",\"text\":\"\"}", where);
            rsp_ev(p, a, "response.reasoning_summary_part.added", b.p);
            free(b.p);
            rsp_deltas(p, a, "reasoning_summary_text", where, "text", "", w->think);
            rsp_part_edge(p, a, "response.reasoning_summary_part.done", where, w, w->think);
        }
        rsp_edge(p, a, w, k++, 1);
    }
    if (rsp_message_of(w)) {
        rsp_edge(p, a, w, k, 0);
        snprintf(where, sizeof where, ",\"item_id\":\"msg_T%lu\",\"output_index\":%d,\"content_index\":0",
                 serial, k);
        rsp_part_edge(p, a, "response.content_part.added", where, w, "");
        if (w->refusal) rsp_deltas(p, a, "refusal", where, "refusal", "", text);
        else rsp_deltas(p, a, "output_text", where, "text", ",\"logprobs\":[]", text);
        rsp_part_edge(p, a, "response.content_part.done", where, w, text);
        rsp_edge(p, a, w, k++, 1);
    }
    for (i = 0; i < w->ncalls; i++) {
        rsp_edge(p, a, w, k, 0);
        snprintf(where, sizeof where, ",\"item_id\":\"fc_T%lu%d\",\"output_index\":%d", serial, i, k);
        rsp_deltas(p, a, "function_call_arguments", where, "arguments", "", w->calls[i].args);
        rsp_edge(p, a, w, k++, 1);
    }
    rsp_state(p, a, w,
              w->fin == FIN_LENGTH || w->fin == FIN_FILTER || w->fin == FIN_BLOCKED ? "response.incomplete"
                                                                                    : "response.completed",
              1);
}

/* --------------------------------------------------------------------------- Bedrock Converse: reading */

/* A union has exactly one member; its name, or "". */
static const char *only_key(const node *o, const char *path, const char *allowed) {
    if (!want(o && o->type == J_OBJ && o->n == 1 && listed(o->child->key, allowed), path,
              "%s: The format of value at %s is not valid: "
              "exactly one of %s must be set",
              path, path, allowed))
        return "";
    return o->child->key;
}
static void bed_media(asked *a, const node *m, const char *kind, const char *path) {
    static const char formats[] = "png jpeg gif webp pdf csv doc docx xls xlsx html txt md mp3 wav mp4";
    const node *s = get(m, "source");
    const char *word, *of = !strcmp(kind, "image")      ? "image"
                            : !strcmp(kind, "document") ? "application"
                                                        : kind;
    char mime[64];
    keys(a, m, path, !strcmp(kind, "document") ? "format name source context citations" : "format source");
    str_in(get(m, "format"), path, formats);
    want(get(m, "format") != NULL, path, "%s.format: Member must not be null", path);
    if (!strcmp(kind, "document")) {
        const char *name = text_of(get(m, "name"));
        want(name_ok(name, 200, " -()[]") && !strstr(name, "  "), path,
             "%s.document.name: The document file name can only contain "
             "alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets",
             path);
    }
    word = only_key(s, path, "bytes s3Location text content");
    snprintf(mime, sizeof mime, "%s/%s", of, text_of(get(m, "format")));
    if (!strcmp(word, "bytes")) media(a, path, mime, text_of(get(s, "bytes")));
    else if (!strcmp(word, "text")) sb_f(&a->media, "text %s", text_of(get(s, "text")));
}
static void bed_cache(asked *a, const node *c, const char *path) {
    keys(a, c, path, "type ttl");
    str_in(get(c, "type"), path, "default");
    str_in(get(c, "ttl"), path, "5m 1h");
}
static void bed_result(asked *a, const node *r, const char *path) {
    const node *c;
    keys(a, r, path, "toolUseId content status type");
    str_in(get(r, "status"), path, "success error");
    if (a->results.n) sb_s(&a->results, " | ");
    if (is_str(get(r, "status"), "error")) sb_s(&a->results, "[error] ");
    want(get(r, "content") && get(r, "content")->type == J_ARR, path,
         "%s.toolResult.content: Member must not be null", path);
    if (get(r, "content"))
        for (c = get(r, "content")->child; c; c = c->next) {
            const char *k = only_key(c, path, "json text image document video searchResult");
            if (!strcmp(k, "text")) sb_s(&a->results, text_of(get(c, k)));
            else if (!strcmp(k, "json"))
                sb_put(&a->results, get(c, k) ? get(c, k)->raw : "", get(c, k) ? get(c, k)->raw_n : 0);
            else if (!strcmp(k, "image") || !strcmp(k, "document")) bed_media(a, get(c, k), k, path);
        }
}
static void bed_reasoning(asked *a, const node *r, const char *path) {
    const char *k = only_key(r, path, "reasoningText redactedContent");
    const node *t = get(r, "reasoningText");
    if (strcmp(k, "reasoningText")) return;
    keys(a, t, path, "text signature");
    want(get(t, "text") && get(t, "text")->type == J_STR, path,
         "%s.reasoningText.text: Member must not be null", path);
    want(sig_ok(get(t, "signature"), 0) && is_str(get(t, "text"), THINK_TEXT), path,
         "%s: Invalid `signature` in `thinking` block", path);
    a->kept.n = 0;
    sb_s(&a->kept, "signature kept");
}
static void bed_block(asked *a, const node *b, int user, const char *path, sb *text) {
    const char *k = only_key(b, path,
                             user ? "text image document video audio toolResult cachePoint guardContent "
                                    "searchResult"
                                  : "text toolUse reasoningContent citationsContent cachePoint");
    const node *v = get(b, k);
    if (!strcmp(k, "text")) {
        want(v && v->type == J_STR && v->n, path, "%s: The text field in the ContentBlock object is blank.",
             path);
        sb_s(text, text_of(v));
    } else if (!strcmp(k, "image") || !strcmp(k, "document") || !strcmp(k, "audio") || !strcmp(k, "video"))
        bed_media(a, v, k, path);
    else if (!strcmp(k, "toolUse")) {
        keys(a, v, path, "toolUseId name input type");
        want(name_ok(text_of(get(v, "toolUseId")), 64, "_.:-"), path,
             "%s.toolUseId failed to satisfy constraint: [a-zA-Z0-9_.:-]+", path);
        want(name_ok(text_of(get(v, "name")), 64, "_-"), path,
             "%s.name failed to satisfy constraint: [a-zA-Z0-9_-]+", path);
        want(get(v, "input") && get(v, "input")->type == J_OBJ, path,
             "%s: The format of value at toolUse.input is invalid. Provide a "
             "json object",
             path);
    } else if (!strcmp(k, "toolResult")) bed_result(a, v, path);
    else if (!strcmp(k, "reasoningContent")) bed_reasoning(a, v, path);
    else if (!strcmp(k, "cachePoint")) bed_cache(a, v, path);
}
static void bed_messages(asked *a, const node *list) {
    pending open[16];
    int nopen = 0, i, k, tools = 0;
    const char *before = "assistant";
    const node *m, *b;
    if (!want(list && list->type == J_ARR && list->child, "messages",
              "A conversation must start with a user message."))
        return;
    for (m = list->child, k = 0; m; m = m->next, k++) {
        const char *role = text_of(get(m, "role"));
        int user = !strcmp(role, "user");
        sb text = { NULL, 0, 0 };
        char path[64];
        snprintf(path, sizeof path, "messages.%d", k);
        keys(a, m, path, "role content");
        want(listed(role, "user assistant"), path, "%s.role: must satisfy enum value set: [user, assistant]",
             path);
        want(k || user, path,
             "A conversation must start with a user message. Try again with a conversation that starts with "
             "a user message.");
        want(strcmp(before, role) != 0, path,
             "A conversation must alternate between user and assistant roles.");
        if (!want(get(m, "content") && get(m, "content")->type == J_ARR && get(m, "content")->child, path,
                  "The content field in the Message "
                  "object at %s is empty. Add a ContentBlock object to the content field and try again.",
                  path))
            break;
        if (user) { a->results.n = 0; a->after_tool = 0; }
        for (b = get(m, "content")->child; b; b = b->next) {
            const node *r = get(b, "toolResult");
            if (r) {
                const char *id = text_of(get(r, "toolUseId"));
                for (i = 0; i < nopen && (strcmp(open[i].id, id) || open[i].done); i++) { }
                if (want(i < nopen, path,
                         "The number of toolResult blocks at %s exceeds the number of toolUse blocks of "
                         "previous turn.",
                         path))
                    open[i].done = 1;
                a->after_tool = tools = 1;
            }
            bed_block(a, b, user, path, &text);
        }
        for (i = 0; i < nopen; i++)
            want(open[i].done, path, "Expected toolResult blocks at %s for the following Ids: %s", path,
                 open[i].id);
        nopen = 0;
        for (b = get(m, "content")->child; b; b = b->next)
            if (get(b, "toolUse")) {
                const node *first = get(m, "content")->child;
                want(!a->budgeted || !strstr(a->model, "think") || get(first, "reasoningContent"), path,
                     "%s.content.0.type: Expected `thinking` "
                     "or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final "
                     "`assistant` message must start with a "
                     "thinking block",
                     path);
                if (nopen < 16) {
                    open[nopen].id = text_of(get(get(b, "toolUse"), "toolUseId"));
                    open[nopen++].done = 0;
                }
                tools = 1;
            }
        if (user) { a->user.n = 0; sb_s(&a->user, text.p ? text.p : ""); }
        free(text.p);
        before = role;
    }
    want(!strcmp(before, "user"), "messages",
         "This model does not support assistant message prefill. The conversation must end with a user "
         "message.");
    want(!nopen, "messages", "Expected toolResult blocks for the following Ids: %s", nopen ? open[0].id : "");
    want(!tools || a->ntools, "toolConfig",
         "The toolConfig field must be defined when using toolUse and toolResult content blocks.");
}
static void bed_tools(asked *a, const node *c) {
    const node *t, *choice = get(c, "toolChoice");
    if (!c) return;
    keys(a, c, "toolConfig", "tools toolChoice");
    want(get(c, "tools") && get(c, "tools")->child, "toolConfig.tools",
         "toolConfig.tools: Member must have length greater than or equal to 1");
    if (get(c, "tools"))
        for (t = get(c, "tools")->child; t; t = t->next) {
            const char *k = only_key(t, "toolConfig.tools", "toolSpec systemTool cachePoint");
            const node *s = get(t, "toolSpec"), *in = get(s, "inputSchema");
            if (strcmp(k, "toolSpec")) continue;
            keys(a, s, "toolSpec", "name description inputSchema strict");
            want(name_ok(text_of(get(s, "name")), 64, "_-"), "toolSpec.name",
                 "toolSpec.name failed to satisfy constraint: [a-zA-Z0-9_-]+");
            want(!get(s, "description") || get(s, "description")->n, "toolSpec.description",
                 "toolSpec.description: minimum length of 1");
            want(in && in->n == 1 && get(in, "json") && is_str(get(get(in, "json"), "type"), "object"),
                 "toolSpec.inputSchema",
                 "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the "
                 "following: object.");
            add_tool(a, text_of(get(s, "name")));
        }
    if (choice) {
        const char *k = only_key(choice, "toolChoice", "auto any tool");
        if (!strcmp(k, "tool")) {
            a->forced_name = text_of(get(get(choice, "tool"), "name"));
            want(has_tool(a, a->forced_name), "toolChoice",
                 "toolChoice.tool.name: '%s' is not among the tools", a->forced_name);
        }
        a->forced = strcmp(k, "auto") != 0;
    }
}
static void bed_output(asked *a, const node *o) {
    const node *f = get(o, "textFormat"), *s;
    const char *err;
    size_t at;
    if (!o) return;
    keys(a, o, "outputConfig", "textFormat effort");
    typed(get(o, "effort"), "outputConfig.effort", J_STR);
    if (!f) return;
    keys(a, f, "textFormat", "type structure");
    str_in(get(f, "type"), "textFormat.type", "json_schema");
    s = get(get(f, "structure"), "jsonSchema");
    keys(a, s, "jsonSchema", "schema name description");
    want(get(s, "schema") && get(s, "schema")->type == J_STR &&
             j_parse(get(s, "schema")->s, get(s, "schema")->n, &err, &at),
         "jsonSchema.schema",
         "The value at outputConfig.textFormat.structure.jsonSchema.schema must be a string of JSON.");
    a->schema = 1;
}
static void bed_read(asked *a, const node *b) {
    const node *v, *s, *i, *t;
    if (a->count) {
        keys(a, b, "", "input");
        only_key(get(b, "input"), "input", "converse invokeModel");
        b = get(get(b, "input"), "converse");
        keys(a, b, "input.converse", "messages system toolConfig additionalModelRequestFields");
    } else
        keys(a, b, "",
             "messages system inferenceConfig toolConfig outputConfig additionalModelRequestFields "
             "additionalModelResponseFieldPaths "
             "guardrailConfig performanceConfig serviceTier promptVariables requestMetadata");
    if ((s = get(b, "system")) != NULL)
        for (typed(s, "system", J_ARR), s = s->child; s; s = s->next) {
            const char *k = only_key(s, "system", "text guardContent cachePoint");
            if (strcmp(k, "text")) continue;
            want(get(s, k)->n > 0, "system", "system.0.text: Invalid length, valid min length: 1");
            sb_f(&a->system, "%s%s", a->system.n ? "\n\n" : "", text_of(get(s, k)));
        }
    if ((i = get(b, "inferenceConfig")) != NULL) {
        keys(a, i, "inferenceConfig", "maxTokens temperature topP stopSequences");
        num_in(get(i, "maxTokens"), "inferenceConfig.maxTokens", 1, 1e9, 1);
        num_in(get(i, "temperature"), "inferenceConfig.temperature", 0, 1, 0);
        num_in(get(i, "topP"), "inferenceConfig.topP", 0, 1, 0);
        if ((v = get(i, "stopSequences")) != NULL)
            for (typed(v, "stopSequences", J_ARR), v = v->child; v; v = v->next)
                want(v->type == J_STR && v->n, "stopSequences",
                     "inferenceConfig.stopSequences: Member must have length greater than or equal to 1");
    }
    t = get(get(b, "additionalModelRequestFields"), "thinking");
    if (t) {
        str_in(get(t, "type"), "thinking.type", "adaptive enabled disabled");
        keys(a, t, "thinking",
             is_str(get(t, "type"), "enabled") ? "type budget_tokens display" : "type display");
        if (is_str(get(t, "type"), "enabled"))
            num_in(get(t, "budget_tokens"), "thinking.budget_tokens", 1024, 1e9, 1);
        a->budgeted = is_str(get(t, "type"), "enabled");
    }
    bed_output(a, get(b, "outputConfig"));
    bed_tools(a, get(b, "toolConfig"));
    bed_messages(a, get(b, "messages"));
}

/* --------------------------------------------------------------------------- Bedrock Converse: writing */

static unsigned long crc32_of(const char *p, size_t n) {
    unsigned long c = 0xFFFFFFFFul;
    size_t i;
    int k;
    for (i = 0; i < n; i++)
        for (c ^= (unsigned char)p[i], k = 0; k < 8; k++) c = c >> 1 ^ (c & 1 ? 0xEDB88320ul : 0);
    return c ^ 0xFFFFFFFFul;
}
static void be32(sb *b, unsigned long v) {
    char c[4];
    c[0] = (char)(v >> 24 & 255);
    c[1] = (char)(v >> 16 & 255);
    c[2] = (char)(v >> 8 & 255);
    c[3] = (char)(v & 255);
    sb_put(b, c, 4);
}
static void frame_header(sb *b, const char *name, const char *value) {
    char c[2], type[3];
    c[0] = (char)strlen(name);
    type[0] = 7;
    type[1] = 0;
    type[2] = (char)strlen(value);
    sb_put(b, c, 1);
    sb_s(b, name);
    sb_put(b, type, 3);
    sb_s(b, value);
}
/* A message of an AWS event stream: a name that ends in "Exception" is one, else an event. */
static void frame(sb *out, const char *name, const sb *json) {
    const char *tail = strstr(name, "Exception");
    sb h = { NULL, 0, 0 };
    size_t at = out->n;
    frame_header(&h, tail ? ":exception-type" : ":event-type", name);
    frame_header(&h, ":content-type", "application/json");
    frame_header(&h, ":message-type", tail ? "exception" : "event");
    be32(out, (unsigned long)(h.n + json->n + 16));
    be32(out, (unsigned long)h.n);
    be32(out, crc32_of(out->p + at, 8));
    sb_put(out, h.p, h.n);
    sb_put(out, json->p, json->n);
    be32(out, crc32_of(out->p + at, out->n - at));
    free(h.p);
}
static const char *bed_stop(int fin) {
    return fin == FIN_LENGTH                         ? "max_tokens"
           : fin == FIN_TOOLS                        ? "tool_use"
           : fin == FIN_STOPSEQ                      ? "stop_sequence"
           : fin == FIN_FILTER || fin == FIN_BLOCKED ? "guardrail_intervened"
                                                     : "end_turn";
}
static void bed_usage(sb *b, const answer *w) {
    sb_f(b, "{\"inputTokens\":%d,\"outputTokens\":%d,\"totalTokens\":%d", w->in - w->cached - w->written,
         w->out, w->in + w->out);
    if (w->cached || w->written)
        sb_f(b, ",\"cacheReadInputTokens\":%d,\"cacheWriteInputTokens\":%d", w->cached, w->written);
    sb_s(b, "}");
}
static void bed_whole(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    int i, n = 0;
    (void)a;
    sb_s(&b, "{\"metrics\":{\"latencyMs\":5},\"output\":{\"message\":{\"content\":[");
    if (w->think) {
        sb_s(&b, "{\"reasoningContent\":{\"reasoningText\":{\"signature\":");
        sb_qs(&b, THINK_SIG);
        sb_s(&b, ",\"text\":");
        sb_qs(&b, w->think);
        sb_s(&b, "}}}");
        n++;
    }
    if (w->text.n || w->reps) {
        sb_f(&b, "%s{\"text\":", n++ ? "," : "");
        whole_text(p, &b, w);
        sb_s(&b, "}");
    }
    for (i = 0; i < w->ncalls; i++)
        sb_f(&b, "%s{\"toolUse\":{\"input\":%s,\"name\":\"%s\",\"toolUseId\":\"%s\"}}", n++ ? "," : "",
             w->calls[i].args, w->calls[i].name, w->calls[i].id);
    sb_f(&b, "],\"role\":\"assistant\"}},\"stopReason\":\"%s\",\"usage\":", bed_stop(w->fin));
    bed_usage(&b, w);
    sb_s(&b, "}");
    plan_add(p, &b, 1, 0);
}
static void bed_ev(plan *p, const asked *a, const char *name, const char *json, unsigned long reps,
                   int delay_ms) {
    sb b = { NULL, 0, 0 };
    sb_f(&b, "{%s%s\"p\":\"abcdefghijklmnopqrstuvwxyz\"}", json, *json ? "," : "");
    plan_event(p, a, name, &b, reps, delay_ms);
    free(b.p);
}
static void bed_deltas(plan *p, const asked *a, int index, const char *open, const char *close,
                       const char *s) {
    sb b = { NULL, 0, 0 };
    size_t k, step = mouth(s);
    for (; *s; s += k) {
        k = bite(s, step);
        b.n = 0;
        sb_f(&b, "\"contentBlockIndex\":%d,\"delta\":{%s", index, open);
        sb_q(&b, s, k, 0);
        sb_f(&b, "%s}", close);
        bed_ev(p, a, "contentBlockDelta", b.p, 1, 0);
    }
    free(b.p);
}
static void bed_end(plan *p, const asked *a, int index) {
    char s[64];
    snprintf(s, sizeof s, "\"contentBlockIndex\":%d", index);
    bed_ev(p, a, "contentBlockStop", s, 1, 0);
}
static void bed_stream(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    int i, n = 0;
    bed_ev(p, a, "messageStart", "\"role\":\"assistant\"", 1, 0);
    if (w->think) {
        bed_deltas(p, a, n, "\"reasoningContent\":{\"text\":", "}", w->think);
        sb_f(&b, "\"contentBlockIndex\":%d,\"delta\":{\"reasoningContent\":{\"signature\":\"%s\"}}", n,
             THINK_SIG);
        bed_ev(p, a, "contentBlockDelta", b.p, 1, 0);
        bed_end(p, a, n++);
    }
    if (w->text.n || w->reps) {
        bed_deltas(p, a, n, "\"text\":", "", w->text.p ? w->text.p : "");
        if (w->reps) {
            b.n = 0;
            sb_f(&b, "\"contentBlockIndex\":%d,\"delta\":{\"text\":\"%s\"}", n, w->unit);
            bed_ev(p, a, "contentBlockDelta", b.p, w->reps, w->delay_ms);
        }
        bed_end(p, a, n++);
    }
    for (i = 0; i < w->ncalls; i++) {
        b.n = 0;
        sb_f(&b, "\"contentBlockIndex\":%d,\"start\":{\"toolUse\":{\"name\":\"%s\",\"toolUseId\":\"%s\"}}", n,
             w->calls[i].name, w->calls[i].id);
        bed_ev(p, a, "contentBlockStart", b.p, 1, 0);
        bed_deltas(p, a, n, "\"toolUse\":{\"input\":", "}", w->calls[i].args);
        bed_end(p, a, n++);
    }
    b.n = 0;
    sb_f(&b, "\"stopReason\":\"%s\"", bed_stop(w->fin));
    bed_ev(p, a, "messageStop", b.p, 1, 0);
    b.n = 0;
    sb_s(&b, "\"metrics\":{\"latencyMs\":5},\"usage\":");
    bed_usage(&b, w);
    if (!p->no_done) bed_ev(p, a, "metadata", b.p, 1, 0);
    free(b.p);
}

/* ------------------------------------------------------------------------------------- Cohere: reading */

static void coh_content(asked *a, const node *c, const char *role, const char *path, sb *text, sb *thought) {
    const node *p;
    if (!c) return;
    if (c->type == J_STR) { sb_s(text, c->s); return; }
    if (!want(c->type == J_ARR, path, "invalid type: parameter %s.content is of type %d", path, c->type))
        return;
    for (p = c->child; p; p = p->next) {
        const char *type = text_of(get(p, "type"));
        if (!strcmp(type, "text")) { keys(a, p, path, "type text"); sb_s(text, text_of(get(p, "text"))); }
        else if (!strcmp(type, "image_url") && !strcmp(role, "user")) {
            keys(a, p, path, "type image_url");
            keys(a, get(p, "image_url"), path, "url detail");
            data_url(a, path, text_of(get(get(p, "image_url"), "url")));
        } else if (!strcmp(type, "thinking") && !strcmp(role, "assistant")) {
            keys(a, p, path, "type thinking");
            sb_s(thought, text_of(get(p, "thinking")));
        } else if (!strcmp(type, "document") && !strcmp(role, "tool")) {
            const node *d = get(get(p, "document"), "data");
            keys(a, get(p, "document"), path, "data id");
            want(d && (d->type == J_OBJ || d->type == J_STR), path,
                 "invalid request: %s: document.data is required", path);
            if (d) sb_put(text, d->raw, d->raw_n);
        } else
            want(0, path, "invalid request: %s: content of type '%s' is not allowed for role %s", path, type,
                 role);
    }
}
static void coh_messages(asked *a, const node *list) {
    pending open[16];
    int nopen = 0, i, k;
    const node *m, *c;
    if (!want(list && list->type == J_ARR && list->child, "messages",
              "invalid request: messages must be at least 1 in length."))
        return;
    for (m = list->child, k = 0; m; m = m->next, k++) {
        const char *role = text_of(get(m, "role"));
        sb text = { NULL, 0, 0 }, thought = { NULL, 0, 0 };
        char path[64];
        snprintf(path, sizeof path, "messages[%d]", k);
        want(listed(role, "system user assistant tool"), path,
             "invalid request: the role '%s' is not one of system, user, assistant, tool", role);
        keys(a, m, path,
             !strcmp(role, "assistant") ? "role content tool_calls tool_plan citations"
             : !strcmp(role, "tool")    ? "role content tool_call_id"
                                        : "role content");
        if (strcmp(role, "tool"))
            for (i = 0; i < nopen; i++)
                want(open[i].done, path, "invalid request: the message at %s must answer the tool call '%s'",
                     path, open[i].id);
        if (!strcmp(role, "assistant")) { nopen = 0; a->results.n = a->kept.n = 0; }
        want(get(m, "content") || !strcmp(role, "assistant"), path, "invalid request: %s must have content",
             path);
        coh_content(a, get(m, "content"), role, path, &text, &thought);
        if (thought.n) sb_s(&a->kept, !strcmp(thought.p, THINK_TEXT) ? "text kept" : "text changed");
        if (!strcmp(role, "system"))
            sb_f(&a->system, "%s%s", a->system.n ? "\n\n" : "", text.p ? text.p : "");
        if (!strcmp(role, "user")) { a->user.n = 0; sb_s(&a->user, text.p ? text.p : ""); a->after_tool = 0; }
        if (!strcmp(role, "assistant")) {
            want(get(m, "tool_calls") || text.n || get(m, "content"), path,
                 "invalid request: %s must have content, tool_calls or tool_plan", path);
            if (get(m, "tool_calls")) oai_calls(a, get(m, "tool_calls"), path, open, &nopen);
        }
        for (c = get(m, "tool_calls") ? get(m, "tool_calls")->child : NULL; c; c = c->next) {
            const node *args = get(get(c, "function"), "arguments");
            const char *err;
            size_t at;
            want(args && args->type == J_STR && j_parse(args->s, args->n, &err, &at), path,
                 "invalid request: arguments of a tool call must be JSON");
        }
        if (!strcmp(role, "tool")) {
            const char *id = text_of(get(m, "tool_call_id"));
            for (i = 0; i < nopen && (strcmp(open[i].id, id) || open[i].done); i++) { }
            if (want(i < nopen, path,
                     "invalid request: no tool call with id '%s' found in the last assistant message", id))
                open[i].done = 1;
            sb_f(&a->results, "%s%s", a->results.n ? " | " : "", text.p ? text.p : "");
            a->after_tool = 1;
        }
        free(text.p);
        free(thought.p);
    }
    for (i = 0; i < nopen; i++)
        want(open[i].done, "messages", "invalid request: the tool call '%s' has no result", open[i].id);
}
static void coh_read(asked *a, const node *b) {
    const node *t, *v;
    keys(a, b, "",
         "model messages stream tools strict_tools tool_choice max_tokens stop_sequences temperature p k "
         "frequency_penalty "
         "presence_penalty seed response_format thinking documents citation_options safety_mode logprobs "
         "priority");
    want(get(b, "model") && get(b, "model")->type == J_STR, "model",
         "invalid request: model is a required field");
    snprintf(a->model, sizeof a->model, "%s", text_of(get(b, "model")));
    typed(get(b, "stream"), "stream", J_TRUE);
    a->stream = a->sse = get(b, "stream") && get(b, "stream")->type == J_TRUE;
    num_in(get(b, "max_tokens"), "max_tokens", 0, 1e9, 1);
    num_in(get(b, "temperature"), "temperature", 0, 2, 0);
    num_in(get(b, "p"), "p", 0.01, 0.99, 0);
    num_in(get(b, "k"), "k", 0, 500, 1);
    num_in(get(b, "frequency_penalty"), "frequency_penalty", 0, 1, 0);
    num_in(get(b, "presence_penalty"), "presence_penalty", 0, 1, 0);
    num_in(get(b, "seed"), "seed", 0, 1.9e19, 1);
    str_in(get(b, "safety_mode"), "safety_mode", "CONTEXTUAL STRICT OFF");
    typed(get(b, "logprobs"), "logprobs", J_TRUE);
    typed(get(b, "strict_tools"), "strict_tools", J_TRUE);
    if ((v = get(b, "stop_sequences")) != NULL)
        want(v->type == J_ARR && v->n <= 5, "stop_sequences", "invalid request: stop_sequences: at most 5");
    for (t = get(b, "tools") ? get(b, "tools")->child : NULL; t; t = t->next) {
        const node *f = get(t, "function");
        keys(a, t, "tools", "type function");
        keys(a, f, "tools.function", "name description parameters");
        want(is_str(get(t, "type"), "function") && *text_of(get(f, "name")), "tools",
             "invalid request: a tool must be a function with a name");
        want(get(f, "parameters") && get(f, "parameters")->type == J_OBJ, "tools",
             "invalid request: tools.function.parameters is required");
        add_tool(a, text_of(get(f, "name")));
    }
    if ((v = get(b, "tool_choice")) != NULL) {
        str_in(v, "tool_choice", "REQUIRED NONE");
        want(a->ntools > 0, "tool_choice", "invalid request: tool_choice is only allowed with tools");
        a->forced = is_str(v, "REQUIRED");
        a->no_tools = is_str(v, "NONE");
    }
    if ((v = get(b, "response_format")) != NULL) {
        keys(a, v, "response_format", "type json_schema");
        str_in(get(v, "type"), "response_format.type", "text json_object");
        a->json = is_str(get(v, "type"), "json_object");
        a->schema = get(v, "json_schema") != NULL;
        want(!a->schema || (a->json && get(v, "json_schema")->type == J_OBJ), "response_format",
             "invalid request: json_schema needs json_object");
    }
    if ((v = get(b, "thinking")) != NULL) {
        keys(a, v, "thinking", "type token_budget");
        str_in(get(v, "type"), "thinking.type", "enabled disabled");
        num_in(get(v, "token_budget"), "thinking.token_budget", 1, 1e9, 1);
    }
    coh_messages(a, get(b, "messages"));
}

/* ------------------------------------------------------------------------------------- Cohere: writing */

static void coh_usage(sb *b, const answer *w) {
    sb_f(b,
         "{\"billed_units\":{\"input_tokens\":%d,\"output_tokens\":%d},\"tokens\":{\"input_tokens\":%d,"
         "\"output_tokens\":%d}",
         w->in - 3, w->out - (w->out > 2 ? 2 : 0), w->in, w->out);
    if (w->cached) sb_f(b, ",\"cached_tokens\":%d", w->cached);
    sb_s(b, "}");
}
static const char *coh_finish(int fin) {
    return fin == FIN_LENGTH    ? "MAX_TOKENS"
           : fin == FIN_TOOLS   ? "TOOL_CALL"
           : fin == FIN_STOPSEQ ? "STOP_SEQUENCE"
                                : "COMPLETE";
}
static void coh_whole(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    int i;
    (void)a;
    sb_f(&b, "{\"id\":\"c0de0000-0000-4000-8000-%012lu\",\"message\":{\"role\":\"assistant\"", serial);
    for (i = 0; i < w->ncalls; i++) {
        sb_s(&b, i ? "," : ",\"tool_calls\":[");
        oai_call(&b, &w->calls[i], w->calls[i].args, -1);
    }
    if (w->ncalls) sb_s(&b, "]");
    if (w->think || w->text.n || w->reps) sb_s(&b, ",\"content\":[");
    if (w->think) { sb_s(&b, "{\"type\":\"thinking\",\"thinking\":"); sb_qs(&b, w->think); sb_s(&b, "}"); }
    if (w->text.n || w->reps) {
        sb_f(&b, "%s{\"type\":\"text\",\"text\":", w->think ? "," : "");
        whole_text(p, &b, w);
        sb_s(&b, "}");
    }
    if (w->think || w->text.n || w->reps) sb_s(&b, "]");
    sb_f(&b, "},\"finish_reason\":\"%s\",\"usage\":", coh_finish(w->fin));
    coh_usage(&b, w);
    sb_s(&b, "}");
    plan_add(p, &b, 1, 0);
}
/* An event with its type first; index below 0: none; message: what delta.message holds, NULL without. */
static void coh_ev(plan *p, const asked *a, const char *type, int index, const char *message,
                   unsigned long reps, int delay_ms) {
    sb b = { NULL, 0, 0 };
    sb_f(&b, "{\"type\":\"%s\"", type);
    if (index >= 0) sb_f(&b, ",\"index\":%d", index);
    if (message) { sb_s(&b, ",\"delta\":{\"message\":{"); sb_s(&b, message); sb_s(&b, "}}"); }
    sb_s(&b, "}");
    plan_event(p, a, type, &b, reps, delay_ms);
    free(b.p);
}
static void coh_deltas(plan *p, const asked *a, const char *type, int index, const char *open,
                       const char *close, const char *s) {
    sb b = { NULL, 0, 0 };
    size_t k, step = mouth(s);
    for (; *s; s += k) {
        k = bite(s, step);
        b.n = 0;
        sb_s(&b, open);
        sb_q(&b, s, k, 0);
        sb_s(&b, close);
        coh_ev(p, a, type, index, b.p, 1, 0);
    }
    free(b.p);
}
static void coh_stream(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    int i, n = 0;
    sb_f(&b,
         "{\"id\":\"c0de0000-0000-4000-8000-%012lu\",\"type\":\"message-start\",\"delta\":{\"message\":{"
         "\"role\":\"assistant\",\"content\":[],"
         "\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}",
         serial);
    plan_event(p, a, "message-start", &b, 1, 0);
    if (w->think) {
        coh_ev(p, a, "content-start", n, "\"content\":{\"type\":\"thinking\",\"thinking\":\"\"}", 1, 0);
        coh_deltas(p, a, "content-delta", n, "\"content\":{\"thinking\":", "}", w->think);
        coh_ev(p, a, "content-end", n++, NULL, 1, 0);
    }
    if (w->text.n || w->reps) {
        coh_ev(p, a, "content-start", n, "\"content\":{\"type\":\"text\",\"text\":\"\"}", 1, 0);
        coh_deltas(p, a, "content-delta", n, "\"content\":{\"text\":", "}", w->text.p ? w->text.p : "");
        if (w->reps) {
            b.n = 0;
            sb_f(&b, "\"content\":{\"text\":\"%s\"}", w->unit);
            coh_ev(p, a, "content-delta", n, b.p, w->reps, w->delay_ms);
        }
        coh_ev(p, a, "content-end", n++, NULL, 1, 0);
    }
    for (i = 0; i < w->ncalls; i++) {
        b.n = 0;
        sb_s(&b, "\"tool_calls\":");
        oai_call(&b, &w->calls[i], "", -1);
        coh_ev(p, a, "tool-call-start", i, b.p, 1, 0);
        coh_deltas(p, a, "tool-call-delta", i, "\"tool_calls\":{\"function\":{\"arguments\":", "}}",
                   w->calls[i].args);
        coh_ev(p, a, "tool-call-end", i, NULL, 1, 0);
    }
    b.n = 0;
    sb_f(&b, "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"%s\",\"usage\":", coh_finish(w->fin));
    coh_usage(&b, w);
    sb_s(&b, "}}");
    plan_event(p, a, "message-end", &b, 1, 0);
    b.n = 0;
    sb_s(&b, "[DONE]");
    if (!p->no_done) plan_event(p, a, NULL, &b, 1, 0);
    free(b.p);
}

/* ------------------------------------------------------------------------------------- Ollama: reading */

static void oll_calls(asked *a, const node *c, const char *path, int *nopen) {
    for (typed(c, path, J_ARR), c = c->child; c; c = c->next) {
        const node *f = get(c, "function");
        keys(a, c, path, "id type function");
        keys(a, f, path, "index name arguments");
        want(*text_of(get(f, "name")) != 0, path, "%s: a call without a name", path);
        want(get(f, "arguments") && get(f, "arguments")->type == J_OBJ, path,
             "json: cannot unmarshal string into Go struct field "
             "%s.tool_calls.function.arguments of type api.ToolCallFunctionArguments",
             path);
        ++*nopen;
    }
}
static void oll_messages(asked *a, const node *list) {
    int nopen = 0, k;
    const node *m, *v;
    if (!want(list && list->type == J_ARR && list->child, "messages", "messages is required")) return;
    for (m = list->child, k = 0; m; m = m->next, k++) {
        const char *role = text_of(get(m, "role")), *text = text_of(get(m, "content"));
        char path[64];
        snprintf(path, sizeof path, "messages[%d]", k);
        keys(a, m, path, "role content thinking images tool_calls tool_name tool_call_id");
        want(listed(role, "system user assistant tool"), path, "invalid role '%s'", role);
        want(!get(m, "content") || get(m, "content")->type == J_STR, path,
             "json: cannot unmarshal array into Go struct field "
             "ChatRequest.messages.content of type string");
        if ((v = get(m, "images")) != NULL)
            for (typed(v, path, J_ARR), v = v->child; v; v = v->next) media(a, path, "image/png", text_of(v));
        if (!strcmp(role, "system")) sb_f(&a->system, "%s%s", a->system.n ? "\n\n" : "", text);
        if (!strcmp(role, "user")) { a->user.n = 0; sb_s(&a->user, text); a->after_tool = 0; }
        if (!strcmp(role, "assistant")) {
            nopen = 0;
            a->results.n = a->kept.n = 0;
            if (*text_of(get(m, "thinking")))
                sb_s(&a->kept, is_str(get(m, "thinking"), THINK_TEXT) ? "text kept" : "text changed");
            if (get(m, "tool_calls")) oll_calls(a, get(m, "tool_calls"), path, &nopen);
        }
        if (!strcmp(role, "tool")) {
            want(nopen-- > 0, path, "%s: a tool message without a call", path);
            sb_f(&a->results, "%s%s", a->results.n ? " | " : "", text);
            a->after_tool = 1;
        }
    }
}
static void oll_read(asked *a, const node *b) {
    const node *o, *t, *v;
    keys(a, b, "",
         "model messages stream format think keep_alive tools options truncate shift logprobs top_logprobs");
    want(get(b, "model") && *text_of(get(b, "model")), "model", "model is required");
    snprintf(a->model, sizeof a->model, "%s", text_of(get(b, "model")));
    typed(get(b, "stream"), "stream", J_TRUE);
    a->stream = !get(b, "stream") || get(b, "stream")->type == J_TRUE;
    if ((v = get(b, "format")) != NULL) {
        want(v->type == J_OBJ || is_str(v, "json"), "format",
             "invalid format: %.*s; expected \"json\" or a valid JSON Schema object",
             (int)(v->raw_n > 60 ? 60 : v->raw_n), v->raw);
        a->schema = v->type == J_OBJ;
        a->json = v->type == J_STR;
    }
    if ((v = get(b, "think")) != NULL)
        want(v->type == J_TRUE || v->type == J_FALSE || listed(text_of(v), "low medium high max"), "think",
             "invalid think value");
    if ((o = get(b, "options")) != NULL) {
        keys(a, o, "options",
             "num_ctx num_predict temperature top_k top_p min_p typical_p repeat_last_n repeat_penalty "
             "presence_penalty "
             "frequency_penalty seed stop num_keep num_batch num_gpu num_thread main_gpu use_mmap");
        num_in(get(o, "num_predict"), "options.num_predict", -2, 1e9, 1);
        num_in(get(o, "top_k"), "options.top_k", 0, 1e9, 1);
        num_in(get(o, "seed"), "options.seed", -9.3e18, 9.3e18, 1);
        typed(get(o, "temperature"), "options.temperature", J_NUM);
        typed(get(o, "stop"), "options.stop", J_ARR);
    }
    for (t = get(b, "tools") ? get(b, "tools")->child : NULL; t; t = t->next) {
        const node *f = get(t, "function");
        keys(a, t, "tools", "type function");
        keys(a, f, "tools.function", "name description parameters");
        want(*text_of(get(f, "name")) != 0, "tools", "tools: a function without a name");
        typed(get(f, "parameters"), "tools.function.parameters", J_OBJ);
        add_tool(a, text_of(get(f, "name")));
    }
    oll_messages(a, get(b, "messages"));
}

/* ------------------------------------------------------------------------------------- Ollama: writing */

static void oll_head(sb *b, const asked *a) {
    sb_f(b,
         "{\"model\":\"%s\",\"created_at\":\"2026-08-07T06:08:23.%06luZ\",\"message\":{\"role\":"
         "\"assistant\",\"content\":",
         a->model, serial % 1000000);
}
static void oll_calls_out(sb *b, const answer *w) {
    int i;
    for (i = 0; i < w->ncalls; i++) {
        const call *c = &w->calls[i];
        sb_s(b, i ? ",{" : ",\"tool_calls\":[{");
        if (c->id[0]) sb_f(b, "\"id\":\"%s\",", c->id);
        sb_f(b, "\"function\":{\"index\":%d,\"name\":\"%s\",\"arguments\":%s}}", i, c->name, c->args);
    }
    if (w->ncalls) sb_s(b, "]");
}
static void oll_tail(sb *b, const answer *w) {
    sb_f(b,
         "},\"done\":true,\"done_reason\":\"%s\",\"total_duration\":1671921584,\"load_duration\":140923875,"
         "\"prompt_eval_count\":%d,"
         "\"prompt_eval_duration\":155740000,\"eval_count\":%d,\"eval_duration\":1361034000}",
         w->fin == FIN_LENGTH ? "length" : "stop", w->in, w->out);
}
static void oll_whole(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    oll_head(&b, a);
    whole_text(p, &b, w);
    if (w->think) { sb_s(&b, ",\"thinking\":"); sb_qs(&b, w->think); }
    oll_calls_out(&b, w);
    oll_tail(&b, w);
    plan_add(p, &b, 1, 0);
}
static void oll_texts(plan *p, const asked *a, const char *before, const char *s) {
    sb b = { NULL, 0, 0 };
    size_t k, step = mouth(s);
    for (; *s; s += k) {
        k = bite(s, step);
        b.n = 0;
        oll_head(&b, a);
        sb_s(&b, before);
        sb_q(&b, s, k, 0);
        sb_s(&b, "},\"done\":false}");
        plan_event(p, a, NULL, &b, 1, 0);
    }
    free(b.p);
}
static void oll_stream(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    if (w->think) oll_texts(p, a, "\"\",\"thinking\":", w->think);
    if (w->text.n) oll_texts(p, a, "", w->text.p);
    if (w->reps) {
        oll_head(&b, a);
        sb_f(&b, "\"%s\"},\"done\":false}", w->unit);
        plan_event(p, a, NULL, &b, w->reps, w->delay_ms);
    }
    b.n = 0;
    if (w->ncalls) {
        oll_head(&b, a);
        sb_s(&b, "\"\"");
        oll_calls_out(&b, w);
        sb_s(&b, "},\"done\":false}");
        plan_event(p, a, NULL, &b, 1, 0);
    }
    b.n = 0;
    oll_head(&b, a);
    sb_s(&b, "\"\"");
    oll_tail(&b, w);
    plan_event(p, a, NULL, &b, 1, 0);
    free(b.p);
}

/* ------------------------------------------------------------------------------------------ embeddings */

/* Number i of the vector of a text: exact in binary, so that a client can compute it. */
static double embedding_at(const char *text, int i) {
    unsigned sum = 0;
    const unsigned char *p = (const unsigned char *)text;
    for (; *p; p++) sum = (sum * 31 + *p) & 0xFFFF;
    return ((double)((sum + (unsigned)i * 7) % 17) - 8) / 8;
}
static void vector(sb *b, const char *text, int n) {
    int i;
    sb_s(b, "[");
    for (i = 0; i < n; i++) sb_f(b, "%s%g", i ? "," : "", embedding_at(text, i));
    sb_s(b, "]");
}
static void vector_b64(sb *b, const char *text, int n) {      /* little-endian binary32 */
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = (size_t)n * 4, i;
    unsigned char *raw = (unsigned char *)take(size + 3);
    memset(raw, 0, size + 3);
    for (i = 0; i < size; i += 4) {
        float f = (float)embedding_at(text, (int)(i / 4));
        unsigned u;
        memcpy(&u, &f, 4);
        raw[i] = (unsigned char)(u & 255);
        raw[i + 1] = (unsigned char)(u >> 8 & 255);
        raw[i + 2] = (unsigned char)(u >> 16 & 255);
        raw[i + 3] = (unsigned char)(u >> 24);
    }
    sb_s(b, "\"");
    for (i = 0; i < size; i += 3) {
        unsigned long v = (unsigned long)raw[i] << 16 | (unsigned long)raw[i + 1] << 8 | raw[i + 2];
        sb_f(b, "%c%c%c%c", digits[v >> 18], digits[v >> 12 & 63], i + 1 < size ? digits[v >> 6 & 63] : '=',
             i + 2 < size ? digits[v & 63] : '=');
    }
    sb_s(b, "\"");
}
static void add_input(asked *a, const node *v, const char *path) {
    want(v && v->type == J_STR && v->n, path, "Invalid '%s': must be a string that is not empty", path);
    want(a->ninputs < 96, path, "%s: too many inputs", path);
    if (a->ninputs < 96) a->input[a->ninputs++] = text_of(v);
}
static void add_inputs(asked *a, const node *v, const char *path) {
    if (!want(v && (v->type == J_STR || (v->type == J_ARR && v->child)), path,
              "Missing required parameter: '%s'", path))
        return;
    if (v->type == J_STR) { add_input(a, v, path); return; }
    for (v = v->child; v; v = v->next) add_input(a, v, path);
}
static void gem_embed(asked *a, const node *r, int batch) {
    const node *p = get(get(r, "content"), "parts");
    char want_model[300];
    snprintf(want_model, sizeof want_model, "models/%s", a->model);
    keys(a, r, batch ? "requests" : "", "model content taskType title outputDimensionality");
    want((!batch && !get(r, "model")) || is_str(get(r, "model"), want_model), "model",
         "requests[].model must be %s", want_model);
    str_in(get(r, "taskType"), "task_type",
           "RETRIEVAL_QUERY RETRIEVAL_DOCUMENT SEMANTIC_SIMILARITY CLASSIFICATION CLUSTERING "
           "QUESTION_ANSWERING "
           "FACT_VERIFICATION CODE_RETRIEVAL_QUERY");
    keys(a, get(r, "content"), "content", "role parts");
    num_in(get(r, "outputDimensionality"), "output_dimensionality", 1, 4096, 1);
    if (get(r, "outputDimensionality")) a->dims = (int)num_of(get(r, "outputDimensionality"));
    want(p && p->child && !p->child->next, "content", "content.parts: exactly one text is read here");
    if (p && p->child) { keys(a, p->child, "parts", "text"); add_input(a, get(p->child, "text"), "text"); }
}
static void embed_read(asked *a, const node *b) {
    const node *v;
    switch (a->dialect) {
    case OAI:
        keys(a, b, "", "input model dimensions encoding_format user");
        str_in(get(b, "encoding_format"), "encoding_format", "float base64");
        a->b64 = is_str(get(b, "encoding_format"), "base64");
        add_inputs(a, get(b, "input"), "input");
        v = get(b, "dimensions");
        break;
    case COH:
        keys(a, b, "",
             "model input_type texts images inputs embedding_types output_dimension truncate max_tokens");
        want(get(b, "input_type") != NULL, "input_type",
             "invalid request: valid input_type must be provided with the provided model");
        str_in(get(b, "input_type"), "input_type",
               "search_document search_query classification clustering image");
        str_in(get(b, "truncate"), "truncate", "NONE START END");
        if (get(b, "embedding_types"))
            for (v = get(b, "embedding_types")->child; v; v = v->next)
                str_in(v, "embedding_types", "float int8 uint8 binary ubinary base64");
        if (get(b, "inputs"))
            for (v = get(b, "inputs")->child; v; v = v->next) {
                const node *c = get(v, "content");
                keys(a, v, "inputs", "content");
                want(c && c->child && is_str(get(c->child, "type"), "text"), "inputs",
                     "inputs.content: a text is read here");
                add_input(a, get(c ? c->child : NULL, "text"), "inputs");
            }
        else add_inputs(a, get(b, "texts"), "texts");
        v = get(b, "output_dimension");
        break;
    case OLL:
        keys(a, b, "", "model input truncate dimensions keep_alive options");
        add_inputs(a, get(b, "input"), "input");
        v = get(b, "dimensions");
        break;
    case BED:
        keys(a, b, "", "inputText dimensions normalize embeddingTypes");
        add_input(a, get(b, "inputText"), "inputText");
        typed(get(b, "normalize"), "normalize", J_TRUE);
        v = get(b, "dimensions");
        want(!v || num_of(v) == 256 || num_of(v) == 512 || num_of(v) == 1024, "dimensions",
             "Malformed input request: %.*s is not a valid "
             "enum value, please reformat your input and try again.",
             (int)(v ? v->raw_n : 0), v ? v->raw : "");
        break;
    default:
        v = NULL;
        if (!a->batch) gem_embed(a, b, 0);
        else {
            keys(a, b, "", "requests");
            want(get(b, "requests") && get(b, "requests")->child, "requests",
                 "* BatchEmbedContentsRequest.requests: requests is not specified");
            if (get(b, "requests")) for (b = get(b, "requests")->child; b; b = b->next) gem_embed(a, b, 1);
        }
    }
    if (a->dialect != GEM && a->dialect != BED) {
        want(get(b, "model") && *text_of(get(b, "model")), "model", "Missing required parameter: 'model'.");
        snprintf(a->model, sizeof a->model, "%s", text_of(get(b, "model")));
    }
    num_in(v, "dimensions", 1, 4096, 1);
    if (v) a->dims = (int)num_of(v);
}
static void embed_write(plan *p, const asked *a) {
    sb b = { NULL, 0, 0 };
    int i, n = a->ninputs, dims = a->dims ? a->dims : a->dialect == BED ? 1024 : 8;
    static const struct { const char *open, *each, *close;
    } form[NDIALECTS] = { { "{\"object\":\"list\",\"data\":[", "{\"object\":\"embedding\",\"index\":", "]" },
                          { "", "", "" },
                          { "{\"embeddings\":[", "{\"values\":", "]" },
                          { "", "", "" },
                          { "", "", "" },
                          { "\"response_type\":\"embeddings_by_type\",\"embeddings\":{\"float\":[", "",
                            "]}" },
                          { "\"embeddings\":[", "", "]" } };
    if (a->dialect == COH) sb_f(&b, "{\"id\":\"c0de0000-0000-4000-8000-%012lu\",", serial);
    if (a->dialect == OLL) sb_f(&b, "{\"model\":\"%s\",", a->model);
    if (a->dialect == BED) {
        sb_s(&b, "{\"embedding\":");
        vector(&b, a->input[0] ? a->input[0] : "", dims);
        sb_f(&b, ",\"inputTextTokenCount\":%d}", 5 * n);
    } else if (a->dialect == GEM && !a->batch) {
        sb_s(&b, "{\"embedding\":{\"values\":");
        vector(&b, a->input[0] ? a->input[0] : "", dims);
        sb_s(&b, "}}");
    } else {
        sb_s(&b, form[a->dialect].open);
        for (i = 0; i < n; i++) {
            sb_f(&b, "%s%s", i ? "," : "", form[a->dialect].each);
            if (a->dialect == OAI) sb_f(&b, "%d,\"embedding\":", i);
            if (a->b64) vector_b64(&b, a->input[i], dims); else vector(&b, a->input[i], dims);
            if (*form[a->dialect].each) sb_s(&b, "}");
        }
        sb_s(&b, form[a->dialect].close);
        if (a->dialect == OAI)
            sb_f(&b, ",\"model\":\"%s\",\"usage\":{\"prompt_tokens\":%d,\"total_tokens\":%d}", a->model,
                 5 * n, 5 * n);
        if (a->dialect == COH) {
            for (i = 0; i < n; i++) { sb_s(&b, i ? "," : ",\"texts\":["); sb_qs(&b, a->input[i]); }
            sb_f(&b,
                 "],\"meta\":{\"api_version\":{\"version\":\"2\"},\"billed_units\":{\"input_tokens\":%d}}",
                 5 * n);
        }
        if (a->dialect == OLL)
            sb_f(&b, ",\"total_duration\":14143917,\"load_duration\":1019500,\"prompt_eval_count\":%d",
                 5 * n);
        sb_s(&b, "}");
    }
    plan_add(p, &b, 1, 0);
}
