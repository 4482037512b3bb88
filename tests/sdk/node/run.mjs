// SPDX-License-Identifier: MIT OR Unlicense
// run.mjs: the same kinds of calls by the Node SDKs (clients.mjs), over every upstream dialect and straight to the oracle. Started by
// ../run.py, which serves and tells where: SDK_PROVIDER, SDK_GATEWAY (URLs), SDK_PROVIDER_KEY, SDK_CLIENT_KEY, SDK_CANNOT (what the
// oracle has no form for). Ends with "N passed, N failed, N skipped".
import { CLIENTS, ANSWER } from './clients.mjs';

const env = process.env, only = env.SDK_ONLY ?? '', verbose = env.SDK_VERBOSE === '1', cannot = JSON.parse(env.SDK_CANNOT);
const HELLO = 'Hello from the provider: "quoted", naïve, tab\there, newline\nand 😀 done.';
const THOUGHT = 'Let me think: the user wants "weather"; call the tool — then answer.';
const UPSTREAMS = { 'openai-chat': 'oai', 'openai-responses': 'rsp', anthropic: 'ant', gemini: 'gem', bedrock: 'bed', cohere: 'coh', ollama: 'oll' };
// As in ../cases.py, which says why.
const KEPT = { 'openai-chat': 'text', 'openai-responses': 'signature', anthropic: 'signature', gemini: 'signature', bedrock: 'signature',
               cohere: 'text', ollama: 'text' };
const EMBEDS = ['openai-chat', 'gemini', 'bedrock', 'cohere', 'ollama'], NO_HINT = ['bedrock', 'ollama'];

class NoForm extends Error {}
const eq = (got, want, what) => {
    const a = JSON.stringify(got), b = JSON.stringify(want);
    if (a !== b) throw new Error(`${what}: got ${a}, wanted ${b}`);
};
const has = (text, part, what) => { if (!(text ?? '').includes(part)) throw new Error(`${what}: ${JSON.stringify(part)} is not in ${JSON.stringify(text)}`); };

class Pair {
    constructor(client, upstream, prefix, direct) { Object.assign(this, { c: client, upstream, prefix, direct }); }
    model(scenario) {
        const row = cannot.find(([dialect, word]) => dialect === this.upstream && ('-' + scenario + '-').includes('-' + word + '-'));
        if (row) throw new NoForm(`${this.upstream}: ${scenario}: ${row[2]}`);
        return this.prefix + scenario;
    }
}
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGM4ceLEqVOnGCDkiRMnAEtLCPcyk+vAAAAAAElFTkSuQmCC', 'base64');
const seen = (bytes) => {
    let s = 0;
    for (const b of bytes) s = (s * 31 + b) & 0xffff;
    return `image/png ${bytes.length} bytes sum ${s.toString(16).padStart(4, '0')}`;
};
const vector = (text, dims) => {
    let s = 0;
    for (const b of Buffer.from(text)) s = (s * 31 + b) & 0xffff;
    return Array.from({ length: dims }, (_, i) => ((s + i * 7) % 17 - 8) / 8);
};
function checkPlain(p, a) {
    eq(a.text, HELLO, 'text');
    eq(a.finish, p.c.finishes.stop, 'finish');
    eq([a.usage.in, a.usage.out], [20, 9], 'tokens');
}
const both = (f) => async (p) => { for (const stream of [false, true]) await f(p, stream); };
async function fails(p, scenario, stream) {
    const model = p.model(scenario);
    try { await p.c.ask(model, { stream }); } catch (e) {
        if (!p.c.isError(e)) throw e;
        return p.c.fail(e);
    }
    throw new Error(`${scenario}: no exception`);
}
const errors = (scenario, status) => both(async (p, stream) => {
    const f = await fails(p, scenario, stream);
    if (p.upstream === 'gemini' && p.c.own === 'gemini' && scenario === 'err-401') return;       /* Gemini says 400 there, and passes as it is */
    eq(f.status, status, 'status');
    if (f.cls !== p.c.classes[status]) throw new Error(`${f.cls.name}, not ${p.c.classes[status].name}`);
    if (p.direct || !/refused the gateway's key|limits of this model/.test(f.message)) has(f.message, 'scripted', 'message');      /* not asked again for a while */
});

const CASES = {
    plain: async (p) => checkPlain(p, await p.c.ask(p.model('text'))),
    streamed: async (p) => checkPlain(p, await p.c.ask(p.model('text'), { stream: true })),
    'streamed bytewise': async (p) => checkPlain(p, await p.c.ask(p.model('bytewise-text'), { stream: true })),
    'system and user': both(async (p, stream) => {
        const a = await p.c.ask(p.model('echo'), { stream, text: 'Grüße "quoted" \\ 😀\nline', system: 'Be brief.' });
        eq(a.text, 'system=<Be brief.> user=<Grüße "quoted" \\ 😀\nline>', 'echo');
    }),
    'tool call round trip': both(async (p, stream) => {
        const a = await p.c.ask(p.model('tools'), { stream, tools: ['get_weather'] });
        eq(a.finish, p.c.finishes.tools, 'finish');
        eq(a.calls.map((c) => [c.name, c.args]), [['get_weather', { city: 'Oslo "N"', days: 3 }]], 'call');
        const b = await p.c.ask(p.model('tools'), { stream, tools: ['get_weather'], history: { turn: a, results: ['sunny-73'] } });
        has(b.text, 'The tool said: ', 'second turn');
        has(b.text, 'sunny-73', 'second turn');
        eq(b.finish, p.c.finishes.stop, 'finish');
    }),
    'parallel tools': both(async (p, stream) => {
        const tools = ['get_weather', 'get_time'], a = await p.c.ask(p.model('parallel'), { stream, tools });
        eq(a.calls.map((c) => [c.name, c.args]), [['get_weather', { city: 'Oslo' }], ['get_time', { city: 'Tromsø' }]], 'calls');
        const b = await p.c.ask(p.model('parallel'), { stream, tools, history: { turn: a, results: ['first-1', 'second-2'] } });
        if (!/first-1.* \| .*second-2/.test(b.text)) throw new Error('results out of order or lost: ' + b.text);
    }),
    image: both(async (p, stream) => has((await p.c.ask(p.model('image'), { stream, image: PNG })).text, seen(PNG), 'image')),
    'reasoning round trip': both(async (p, stream) => {
        const tools = ['get_weather'], a = await p.c.ask(p.model('think'), { stream, tools, think: true });
        const shown = p.c.shows && (p.upstream !== 'openai-responses' || p.c.asksToSee) ? THOUGHT : '';
        eq(a.reasoning, shown, 'reasoning text');
        eq(a.calls.length, 1, 'calls');
        const b = await p.c.ask(p.model('think'), { stream, tools, think: true, history: { turn: a, results: ['sunny-73'] } });
        has(b.text, 'sunny-73', 'second turn');
        const best = KEPT[p.upstream], keeps = (stream && p.upstream !== 'gemini' && p.c.keepsStreamed) || p.c.keeps;
        const kept = keeps === 'signature' || keeps === best || (keeps === 'signed' && best === 'signature');
        has(b.text, kept ? best + ' kept' : p.upstream === 'gemini' ? 'signature skipped' : 'none kept', 'second turn');
    }),
    'structured output': both(async (p, stream) => eq(JSON.parse((await p.c.ask(p.model('json'), { stream, schema: ANSWER })).text), { city: 'Oslo', t: 3 }, 'object')),
    'structured output parsed by the sdk': async (p) => p.c.parsed ? eq(await p.c.parsed(p.model('json')), { city: 'Oslo', t: 3 }, 'object') : 'n/a',
    'helper of the sdk': async (p) => p.c.helper ? eq(await p.c.helper(p.model('text')), HELLO, 'text') : 'n/a',
    embeddings: async (p) => {
        if (!p.c.embed || (p.direct && !EMBEDS.includes(p.upstream)) || (p.direct && p.c.own === 'openai-responses')) return 'n/a';
        const dims = p.upstream === 'bedrock' ? 256 : 12, texts = ['Grüße "quoted" 😀', 'two'].slice(0, p.upstream === 'bedrock' ? 1 : 2);
        let got;
        try { got = await p.c.embed(p.model('embed'), texts, dims); } catch (e) {
            if (EMBEDS.includes(p.upstream) || !p.c.isError(e)) throw e;
            const f = p.c.fail(e);
            if (!f.message || !(f.status >= 400 && f.status < 502)) throw e;
            return undefined;
        }
        if (!EMBEDS.includes(p.upstream)) throw new Error('no exception');
        return eq(got, texts.map((t) => vector(t, dims)), 'vectors');
    },
    'length and empty': both(async (p, stream) => {
        eq((await p.c.ask(p.model('length'), { stream })).finish, p.c.finishes.length, 'finish');
        eq((await p.c.ask(p.model('empty'), { stream })).text, '', 'empty');
    }),
    'error 400': errors('err-400', 400), 'error 401': errors('err-401', 401), 'error 403': errors('err-403', 403), 'error 404': errors('err-404', 404),
    'error 429': async (p) => {
        await errors('err-429', 429)(p);
        const f = await fails(p, 'err-429', false), h = f.headers;
        if (!p.c.headers || NO_HINT.includes(p.upstream) || (p.direct && p.c.own === 'gemini')) return;
        const got = h['retry-after-ms'] ? h['retry-after-ms'] / 1000 : Number(h['retry-after'] ?? 0);
        if (got < (p.direct ? 7 : 0.001) || got > 8) throw new Error('hint: ' + JSON.stringify(h));
    },
    'error 500': errors('err-500', 500),
    'error 503': both(async (p, stream) => {
        const f = await fails(p, 'err-503', stream);
        if (![500, 503, 529].includes(f.status)) throw new Error('status ' + f.status);       /* Anthropic's 503 is an api_error, its overload is 529 */
    }),
    'error in a stream': async (p) => has((await fails(p, 'err-in-stream', true)).message, 'Overloaded in the stream', 'message'),
    'cut stream raises': async (p) => {
        if (p.direct) return 'n/a';
        for (const scenario of ['cut-300', 'cut-900']) if (!(await fails(p, scenario, true)).message) throw new Error('no message');
        return undefined;
    },
    'many at once': async (p) => {
        const texts = await Promise.all(Array.from({ length: 12 }, (_, i) => p.c.ask(p.model('echo'), { text: `question ${i}`, stream: i % 2 === 0 })));
        eq(texts.map((a) => a.text), texts.map((_, i) => `system=<> user=<question ${i}>`), 'answers');
    },
};

const chain = (e) => e?.cause ? ` (${e.cause.message ?? e.cause})${chain(e.cause)}` : '';

let passed = 0, failed = 0;
const noForm = {};
const pairs = CLIENTS.map((C) => new C(env.SDK_PROVIDER, env.SDK_PROVIDER_KEY)).map((c) => new Pair(c, c.own, '', true));
for (const C of CLIENTS) for (const [u, short] of Object.entries(UPSTREAMS)) pairs.push(new Pair(new C(env.SDK_GATEWAY, env.SDK_CLIENT_KEY), u, short + '-', false));
globalThis.AI_SDK_LOG_WARNINGS = false;
for (const p of pairs) for (const [name, f] of Object.entries(CASES)) {
    const label = `node ${p.c.name} ${p.direct ? 'direct' : '<- ' + p.upstream}: ${name}`;
    if (!label.includes(only)) continue;
    try {
        if (await f(p) === 'n/a') continue;
        passed++;
        if (verbose) console.log('ok   ' + label);
    } catch (e) {
        if (e instanceof NoForm) { noForm[e.message] = (noForm[e.message] ?? 0) + 1; continue; }
        failed++;
        console.log(`FAIL ${label}: ${e.name}: ${String(e.message).slice(0, 600)}${chain(e)}`);
        if (verbose) console.log(e.stack);
    }
}
for (const [why, n] of Object.entries(noForm)) console.log(`no form at ${why} (${n} cases in node)`);
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
