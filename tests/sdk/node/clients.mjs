// SPDX-License-Identifier: MIT OR Unlicense
// clients.mjs: the Node SDKs behind one face. ask() gives { text, reasoning, calls [{id, name, args}], finish, usage, again }: an answer in no
// dialect; `again` is the turn as the SDK gives it back. fail(e) gives { cls, status, message, headers }. Only base URL and key are changed.
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI, ApiError as GoogleError } from '@google/genai';
import { generateText, streamText, embedMany, jsonSchema, tool, Output, APICallError } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { z } from 'zod';

export const QUESTION = 'Weather in Oslo?';
const SCHEMA = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] };
export const ANSWER = { type: 'object', properties: { city: { type: 'string' }, t: { type: 'integer' } }, required: ['city', 't'],
                        additionalProperties: false };
const Weather = z.object({ city: z.string(), t: z.number() });
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const parse = (s) => JSON.parse(s || '{}');
const headersOf = (h) => !h ? {} : typeof h.entries === 'function' ? Object.fromEntries(h.entries()) : h;

// What a client's dialect cannot say, as data: see common.Client. keeps 'signed': reasoning with a signature; what has none is dropped.
class Client {
    keeps = 'signature'; keepsStreamed = ''; shows = true; asksToSee = true; classes = {}; statuses = {}; parallelSwitch = true; headers = true; idless = false;
}

export class Chat extends Client {
    name = 'openai'; own = 'openai-chat'; asksToSee = false;
    finishes = { stop: 'stop', tools: 'tool_calls', length: 'length' };
    classes = { 400: OpenAI.BadRequestError, 401: OpenAI.AuthenticationError, 403: OpenAI.PermissionDeniedError, 404: OpenAI.NotFoundError,
                429: OpenAI.RateLimitError, 500: OpenAI.InternalServerError, 503: OpenAI.InternalServerError };
    constructor(url, key) { super(); this.sdk = new OpenAI({ baseURL: url + '/v1', apiKey: key, maxRetries: 0, timeout: 20000 }); }
    async ask(model, o = {}) {
        const messages = o.system ? [{ role: 'system', content: o.system }] : [];
        messages.push({ role: 'user', content: o.image ? [{ type: 'text', text: o.text ?? QUESTION }, { type: 'image_url',
            image_url: { url: 'data:image/png;base64,' + base64(o.image) } }] : o.text ?? QUESTION });
        if (o.history) {
            messages.push(o.history.turn.again);
            o.history.turn.calls.forEach((c, i) => messages.push({ role: 'tool', tool_call_id: c.id, content: o.history.results[i] }));
        }
        const body = { model, messages, max_completion_tokens: 2000 };
        if (o.tools) body.tools = o.tools.map((name) => ({ type: 'function', function: { name, description: 'd', parameters: SCHEMA } }));
        if (o.think) body.reasoning_effort = 'high';
        if (o.schema) body.response_format = { type: 'json_schema', json_schema: { name: 'answer', schema: o.schema, strict: true } };
        if (!o.stream) {
            const r = await this.sdk.chat.completions.create(body);
            return this.fold(r.choices[0].message, r.choices[0].finish_reason, r.usage, r.id);
        }
        const m = { role: 'assistant', content: '' };
        let finish, usage, id;
        for await (const c of await this.sdk.chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } })) {
            id = c.id;
            usage = c.usage ?? usage;
            const d = c.choices[0]?.delta ?? {};
            if (finish && c.choices.length) throw new Error('a chunk after the finish reason');
            finish = c.choices[0]?.finish_reason ?? finish;
            m.content += d.content ?? '';
            if (d.refusal) m.refusal = (m.refusal ?? '') + d.refusal;
            if (d.reasoning_content) m.reasoning_content = (m.reasoning_content ?? '') + d.reasoning_content;
            for (const t of d.tool_calls ?? []) {
                m.tool_calls ??= [];
                m.tool_calls[t.index] ??= { id: t.id, type: 'function', function: { name: t.function.name, arguments: '' } };
                m.tool_calls[t.index].function.arguments += t.function.arguments ?? '';
                if (t.extra_content) m.tool_calls[t.index].extra_content = t.extra_content;
            }
            for (const t of d.reasoning_details ?? []) {
                m.reasoning_details ??= [];
                const at = m.reasoning_details[t.index ?? 0];
                if (!at) m.reasoning_details[t.index ?? 0] = { ...t };
                else for (const k of Object.keys(t)) if (['text', 'signature', 'data'].includes(k)) at[k] = (at[k] ?? '') + t[k];
            }
        }
        if (m.tool_calls && !m.content) m.content = null;
        return this.fold(m, finish, usage, id);
    }
    fold(m, finish, u, id) {
        return { text: m.content ?? '', reasoning: m.reasoning_content ?? '', refusal: m.refusal ?? '', finish, again: m, id,
                 calls: (m.tool_calls ?? []).map((c) => ({ id: c.id, name: c.function.name, args: parse(c.function.arguments) })),
                 usage: u && { in: u.prompt_tokens, out: u.completion_tokens } };
    }
    async parsed(model) {
        return (await this.sdk.chat.completions.parse({ model, messages: [{ role: 'user', content: QUESTION }],
            response_format: zodResponseFormat(Weather, 'weather') })).choices[0].message.parsed;
    }
    async helper(model) { return this.sdk.chat.completions.stream({ model, messages: [{ role: 'user', content: QUESTION }] }).finalContent(); }
    async embed(model, texts, dims) {
        const r = await this.sdk.embeddings.create({ model, input: texts, dimensions: dims });
        return r.data.map((d) => d.embedding);
    }
    isError(e) { return e instanceof OpenAI.APIError; }
    fail(e) { return { cls: e.constructor, status: e.status, message: e.error?.message ?? e.message, headers: headersOf(e.headers) }; }
}

export class Responses extends Chat {
    name = 'responses'; own = 'openai-responses'; asksToSee = true;
    finishes = { stop: 'completed', tools: 'completed', length: 'incomplete: max_output_tokens' };
    async ask(model, o = {}) {
        const input = [{ role: 'user', content: o.image ? [{ type: 'input_text', text: o.text ?? QUESTION }, { type: 'input_image', detail: 'auto',
            image_url: 'data:image/png;base64,' + base64(o.image) }] : o.text ?? QUESTION }];
        if (o.history) {
            input.push(...o.history.turn.again);
            o.history.turn.calls.forEach((c, i) => input.push({ type: 'function_call_output', call_id: c.id, output: o.history.results[i] }));
        }
        const body = { model, input, store: false, max_output_tokens: 2000 };
        if (o.system) body.instructions = o.system;
        if (o.tools) body.tools = o.tools.map((name) => ({ type: 'function', name, description: 'd', parameters: SCHEMA, strict: false }));
        if (o.think) Object.assign(body, { reasoning: { effort: 'high', summary: 'auto' }, include: ['reasoning.encrypted_content'] });
        if (o.schema) body.text = { format: { type: 'json_schema', name: 'answer', schema: o.schema, strict: true } };
        if (!o.stream) return this.folded(await this.sdk.responses.create(body));
        let last, n = 0;
        for await (const e of await this.sdk.responses.create({ ...body, stream: true })) {
            if (e.type !== 'error' && e.sequence_number !== n++) throw new Error(`sequence ${e.sequence_number}, not ${n - 1}`);
            if (e.type === 'error') throw new OpenAI.APIError(undefined, { message: e.message, code: e.code }, e.message, undefined);
            if (e.type === 'response.failed') throw new OpenAI.APIError(undefined, e.response.error, e.response.error.message, undefined);
            if (e.type === 'response.completed' || e.type === 'response.incomplete') last = e.response;
        }
        if (!last) throw new OpenAI.APIError(undefined, undefined, 'the stream ended without a response', undefined);
        return this.folded(last);
    }
    folded(r) {
        if (r.error) throw new OpenAI.APIError(undefined, r.error, r.error.message, undefined);
        const of = (type) => r.output.filter((i) => i.type === type), parts = of('message').flatMap((i) => i.content);
        return { text: parts.map((p) => p.text ?? '').join(''), refusal: parts.map((p) => p.refusal ?? '').join(''),
                 reasoning: of('reasoning').flatMap((i) => i.summary).map((s) => s.text).join(''), id: r.id, again: r.output,
                 calls: of('function_call').map((c) => ({ id: c.call_id, name: c.name, args: parse(c.arguments) })),
                 finish: r.status + (r.incomplete_details ? ': ' + r.incomplete_details.reason : ''),
                 usage: r.usage && { in: r.usage.input_tokens, out: r.usage.output_tokens } };
    }
    async parsed(model) {
        return (await this.sdk.responses.parse({ model, input: QUESTION, text: { format: zodTextFormat(Weather, 'weather') } })).output_parsed;
    }
    async helper(model) { return (await this.sdk.responses.stream({ model, input: QUESTION }).finalResponse()).output_text; }
    embed = undefined;
}

export class Claude extends Client {
    name = 'anthropic'; own = 'anthropic';
    finishes = { stop: 'end_turn', tools: 'tool_use', length: 'max_tokens' };
    classes = { 400: Anthropic.BadRequestError, 401: Anthropic.AuthenticationError, 403: Anthropic.PermissionDeniedError,
                404: Anthropic.NotFoundError, 429: Anthropic.RateLimitError, 500: Anthropic.InternalServerError, 503: Anthropic.InternalServerError };
    constructor(url, key) { super(); this.sdk = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 20000 }); }
    async ask(model, o = {}) {
        const messages = [{ role: 'user', content: o.image ? [{ type: 'text', text: o.text ?? QUESTION }, { type: 'image', source: {
            type: 'base64', media_type: 'image/png', data: base64(o.image) } }] : o.text ?? QUESTION }];
        if (o.history) {
            messages.push({ role: 'assistant', content: o.history.turn.again });
            messages.push({ role: 'user', content: o.history.turn.calls.map((c, i) => ({ type: 'tool_result', tool_use_id: c.id,
                content: o.history.results[i] })) });
        }
        const body = { model, messages, max_tokens: 2000 };
        if (o.system) body.system = o.system;
        if (o.tools) body.tools = o.tools.map((name) => ({ name, description: 'd', input_schema: SCHEMA }));
        if (o.think) body.thinking = { type: 'adaptive' };
        if (o.schema) body.output_config = { format: { type: 'json_schema', schema: o.schema } };
        const m = o.stream ? await this.sdk.messages.stream(body).finalMessage() : await this.sdk.messages.create(body);
        const of = (type) => m.content.filter((b) => b.type === type), u = m.usage;
        return { text: of('text').map((b) => b.text).join(''), reasoning: of('thinking').map((b) => b.thinking).join(''), refusal: '',
                 calls: of('tool_use').map((b) => ({ id: b.id, name: b.name, args: b.input })), finish: m.stop_reason, again: m.content, id: m.id,
                 usage: { in: u.input_tokens + (u.cache_read_input_tokens ?? 0) + (u.cache_creation_input_tokens ?? 0), out: u.output_tokens } };
    }
    isError(e) { return e instanceof Anthropic.APIError || e instanceof Anthropic.AnthropicError; }
    fail(e) { return { cls: e.constructor, status: e.status, message: e.error?.error?.message ?? e.message, headers: headersOf(e.headers) }; }
}

export class Gemini extends Client {
    name = 'gemini'; own = 'gemini'; parallelSwitch = false; headers = false; idless = true;
    finishes = { stop: 'STOP', tools: 'STOP', length: 'MAX_TOKENS' };
    classes = Object.fromEntries([400, 401, 403, 404, 429, 500, 503].map((s) => [s, GoogleError]));
    constructor(url, key) { super(); this.sdk = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, timeout: 20000 } }); }
    async ask(model, o = {}) {
        const parts = [{ text: o.text ?? QUESTION }];
        if (o.image) parts.push({ inlineData: { mimeType: 'image/png', data: base64(o.image) } });
        const contents = [{ role: 'user', parts }];
        if (o.history) {
            contents.push(o.history.turn.again);
            contents.push({ role: 'user', parts: o.history.turn.calls.map((c, i) => ({ functionResponse: { id: c.id, name: c.name,
                response: { output: o.history.results[i] } } })) });
        }
        const config = { maxOutputTokens: 2000 };
        if (o.system) config.systemInstruction = o.system;
        if (o.tools) config.tools = [{ functionDeclarations: o.tools.map((name) => ({ name, description: 'd', parametersJsonSchema: SCHEMA })) }];
        if (o.think) config.thinkingConfig = { includeThoughts: true, thinkingLevel: 'HIGH' };
        if (o.schema) Object.assign(config, { responseMimeType: 'application/json', responseJsonSchema: o.schema });
        const chunks = [];
        if (o.stream) for await (const c of await this.sdk.models.generateContentStream({ model, contents, config })) chunks.push(c);
        else chunks.push(await this.sdk.models.generateContent({ model, contents, config }));
        const all = chunks.flatMap((c) => c.candidates?.[0]?.content?.parts ?? []), u = chunks.map((c) => c.usageMetadata).filter(Boolean).at(-1);
        return { text: all.filter((p) => p.text && !p.thought).map((p) => p.text).join(''), refusal: '',
                 reasoning: all.filter((p) => p.text && p.thought).map((p) => p.text).join(''),
                 calls: all.filter((p) => p.functionCall).map((p) => ({ id: p.functionCall.id, name: p.functionCall.name, args: p.functionCall.args ?? {} })),
                 finish: chunks.map((c) => c.candidates?.[0]?.finishReason).filter(Boolean).at(-1), again: { role: 'model', parts: all },
                 usage: u && { in: u.promptTokenCount, out: (u.candidatesTokenCount ?? 0) + (u.thoughtsTokenCount ?? 0) } };
    }
    async helper(model) { return (await this.sdk.chats.create({ model }).sendMessage({ message: QUESTION })).text; }
    async embed(model, texts, dims) {
        return (await this.sdk.models.embedContent({ model, contents: texts, config: { outputDimensionality: dims } })).embeddings.map((e) => e.values);
    }
    isError(e) { return e instanceof Error && !(e instanceof TypeError); }
    fail(e) {
        let message = e.message;
        try { message = JSON.parse(message).error.message; } catch { /* not JSON: as it is */ }
        return { cls: e.constructor, status: e.status, message, headers: {} };
    }
}

// The `ai` package: its own face over three providers.
class Ai extends Client {
    finishes = { stop: 'stop', tools: 'tool-calls', length: 'length' };
    classes = Object.fromEntries([400, 401, 403, 404, 429, 500, 503].map((s) => [s, APICallError]));
    async ask(model, o = {}) {
        const content = [{ type: 'text', text: o.text ?? QUESTION }];
        if (o.image) content.push({ type: 'image', image: o.image, mediaType: 'image/png' });
        const messages = [{ role: 'user', content }];
        if (o.history) {
            messages.push(...o.history.turn.again);
            messages.push({ role: 'tool', content: o.history.turn.calls.map((c, i) => ({ type: 'tool-result', toolCallId: c.id, toolName: c.name,
                output: { type: 'text', value: o.history.results[i] } })) });
        }
        const call = { model: this.model(model, o), messages, maxOutputTokens: 2000, maxRetries: 0, onError() {}, providerOptions: this.options(o) };
        if (o.system) call.system = o.system;
        if (o.tools) call.tools = Object.fromEntries(o.tools.map((name) => [name, tool({ description: 'd', inputSchema: jsonSchema(SCHEMA) })]));
        if (o.schema) call.output = Output.object({ schema: jsonSchema(o.schema) });
        let r;
        if (!o.stream) r = await generateText(call);
        else {
            const s = streamText(call);
            let text = '', reasoning = '';
            for await (const part of s.fullStream) {
                if (part.type === 'error') throw part.error instanceof Error ? part.error : Object.assign(new Error(part.error?.message ?? part.error), { data: { error: part.error } });
                if (part.type === 'text-delta') text += part.text;
                if (part.type === 'reasoning-delta') reasoning += part.text;
            }
            r = { text, reasoningText: reasoning, toolCalls: await s.toolCalls, finishReason: await s.finishReason, usage: await s.totalUsage,
                  response: await s.response };
            // an answer that broke off has no finish reason of its own
            if (r.finishReason === 'error' || r.finishReason === 'other' || r.finishReason === 'unknown') throw new Error('the stream ended: ' + r.finishReason);
        }
        return { text: r.text, reasoning: r.reasoningText ?? '', refusal: '', finish: r.finishReason, again: r.response.messages, id: r.response.id,
                 calls: r.toolCalls.map((c) => ({ id: c.toolCallId, name: c.toolName, args: c.input })),
                 usage: { in: r.usage.inputTokens, out: r.usage.outputTokens } };
    }
    async parsed(model) {
        return (await generateText({ model: this.model(model, {}), prompt: QUESTION, maxRetries: 0, output: Output.object({ schema: Weather }),
            providerOptions: this.options({ schema: true }) })).output;
    }
    isError(e) { return e instanceof Error && !(e instanceof TypeError); }
    fail(e) {
        let message = e.message;
        if (e.data?.error?.message) message = e.data.error.message;
        return { cls: e.constructor, status: e.statusCode, message, headers: e.responseHeaders ?? {} };
    }
    options() { return {}; }
}
export class AiOpenAI extends Ai {
    name = 'ai-openai'; own = 'openai-responses'; keeps = 'signed';
    constructor(url, key) { super(); this.sdk = createOpenAI({ baseURL: url + '/v1', apiKey: key }); }
    model(id) { return this.sdk(id); }
    options(o) {
        return { openai: { store: false, ...(o.think && { forceReasoning: true, reasoningEffort: 'high', reasoningSummary: 'auto',
                                                          include: ['reasoning.encrypted_content'] }) } };
    }
    async embed(model, texts, dims) {
        return (await embedMany({ model: this.sdk.embedding(model), values: texts, maxRetries: 0, providerOptions: { openai: { dimensions: dims } } })).embeddings;
    }
}
export class AiChat extends Ai {
    name = 'ai-openai.chat'; own = 'openai-chat'; asksToSee = false; shows = false; keeps = '';
    constructor(url, key) { super(); this.sdk = createOpenAI({ baseURL: url + '/v1', apiKey: key }); }
    model(id) { return this.sdk.chat(id); }
    options(o) { return { openai: { ...(o.think && { forceReasoning: true, reasoningEffort: 'high' }) } }; }
}
export class AiClaude extends Ai {
    name = 'ai-anthropic'; own = 'anthropic'; keepsStreamed = 'signed';
    constructor(url, key) { super(); this.sdk = createAnthropic({ baseURL: url + '/v1', apiKey: key }); }
    model(id) { return this.sdk(id); }
    options(o) { return { anthropic: { ...(o.think && { thinking: { type: 'adaptive' } }), ...(o.schema && { structuredOutputMode: 'outputFormat' }) } }; }
}
export class AiGemini extends Ai {
    name = 'ai-google'; own = 'gemini'; keepsStreamed = 'text';      // it drops a signature that comes in a part without words
    constructor(url, key) { super(); this.sdk = createGoogleGenerativeAI({ baseURL: url + '/v1beta', apiKey: key }); }
    model(id) { return this.sdk(id); }
    options(o) { return { google: { ...(o.think && { thinkingConfig: { includeThoughts: true, thinkingLevel: 'high' } }) } }; }
    async embed(model, texts, dims) {
        return (await embedMany({ model: this.sdk.embedding(model), values: texts, maxRetries: 0,
            providerOptions: { google: { outputDimensionality: dims } } })).embeddings;
    }
}

export const CLIENTS = [Chat, Responses, Claude, Gemini, AiOpenAI, AiChat, AiClaude, AiGemini];
