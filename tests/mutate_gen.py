# SPDX-License-Identifier: MIT OR Unlicense
"""What tests/mutate_gen.sh runs: makes, chooses, compiles and tries mutants, two at a time."""
import concurrent.futures, contextlib, io, os, random, re, resource, shutil, subprocess, sys, tempfile
from universalmutator import mutator

TESTS = {                        # section: tests that must notice, the quickest first
    "policy.bucket": ["policy", "governed"], "policy.breaker": ["policy", "small", "governed"], "policy.retry": ["policy", "governed"],
    "policy.health": ["policy", "governed"], "policy.price": ["price", "governed"], "policy.budget": ["budget", "store", "small"],
    "policy.ledger": ["budget", "store", "small"], "policy.store": ["store", "small", "governed"], "policy.queue": ["queue", "governed"],
    "policy.router": ["router", "governed"], "cache": ["cache", "governed"], "hub.account": ["governed", "small"],
}
KEEP = {"base", "json", "model", "policy.bucket", "policy.breaker", "policy.retry", "policy.health"}     # all that test_policy.c needs; it needs a compiler with __int128
RULES = ["universal.rules", "c_like.rules", "c.rules"]
SECONDS = 20                     # of processor time: a busy machine kills no mutant
os.environ.setdefault("AIGW_SHARED", "../shared")
FAST, CC = shutil.which("tcc"), os.environ.get("CC", "cc")

def sections(lines):
    found, name = {}, None
    for i, line in enumerate(lines):
        banner = re.match(r"/\* ==== >>(\S+) ", line)
        if banner:
            name = banner.group(1)
            found[name] = []
        if name:
            found[name].append(i)
    return found

def code(line):
    """Without comments and white space: what a compiler sees."""
    return re.sub(r"\s+", "", re.sub(r"/\*.*?\*/", "", line).split("/*")[0])

def choose(lines, of, rnd):
    """Mutants of a section's lines of code, one of each line before a second of any."""
    start, inside, by_line = of[0], False, {}
    comment = set()
    for i in of:
        if lines[i].lstrip().startswith("/*"):
            inside = True
        if inside:
            comment.add(i)
        if "*/" in lines[i]:
            inside = False
    with contextlib.redirect_stdout(io.StringIO()):
        made = mutator.mutants_regexp([lines[i] + "\n" for i in of], ruleFiles=RULES, ignorePatterns=[])
    for one in made:
        i, text = start + one[0] - 1, one[1].rstrip("\n")
        if i in comment or not code(lines[i]).strip("{}") or code(text) == code(lines[i]):
            continue
        by_line.setdefault(i, []).append(text)
    order = sorted(by_line)
    rnd.shuffle(order)
    for i in order:
        rnd.shuffle(by_line[i])
    queue = [(i, text) for turn in range(8) for i in order for text in by_line[i][turn:turn + 1]]
    return queue

def build(lines, of, mutated, test, where):
    """The test with this header: its binary, or None."""
    header, binary = os.path.join(where, "aigw.h"), os.path.join(where, "test_" + test)
    text = list(lines)
    if mutated:
        text[mutated[0]] = mutated[1]
    cut = test == "policy"
    if cut:
        drop = {i for name, at in of.items() if name not in KEEP for i in at}
        end = lines.index("#endif /* AIGW_IMPLEMENTED */")
        text = [line for i, line in enumerate(text) if i not in drop or i >= end]
    with open(header, "w") as f:
        f.write("\n".join(text) + "\n")
    compiler = FAST if FAST and not cut else CC
    done = subprocess.run([compiler, "-std=c99", "-O0", "-w", "-D_GNU_SOURCE", "-I" + where, "-Itests", "-Ifuzz", "-o", binary, "tests/test_%s.c" % test],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return (binary, b"") if done.returncode == 0 else (None, done.stdout)

def run(binary):
    """None when green, else what reddened."""
    try:
        done = subprocess.run([binary], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                              timeout=20 * SECONDS, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS)))
    except subprocess.TimeoutExpired:
        return "time"
    if done.returncode == 0:
        return None
    fail = re.search(rb"FAIL \S+ (\w+)", done.stdout)
    return fail.group(1).decode() if fail else "signal"

def attempt(lines, of, section, mutated):
    with tempfile.TemporaryDirectory() as where:
        for test in TESTS[section]:
            binary, why = build(lines, of, mutated, test, where)
            if not binary:
                return "does not compile", test
            red = run(binary)
            if red:
                return "killed", test + " " + red
    return "survived", ""

def main():
    args = sys.argv[1:]
    each, seed = int(args[0]) if args else 20, int(args[1]) if len(args) > 1 else 1
    with open("aigw.h") as f:
        lines = f.read().split("\n")
    of = sections(lines)
    with tempfile.TemporaryDirectory() as where:               # all must be green without a mutant
        for test in sorted({t for name in args[2:] or TESTS for t in TESTS[name]}):
            binary, why = build(lines, of, None, test, where)
            if not binary or run(binary):
                sys.exit("mutate-gen: test_%s is not green without a mutant: %s" % (test, why.decode()[:400]))
    total, survivors = {"killed": 0, "survived": 0, "does not compile": 0}, []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for section in args[2:] or TESTS:
            queue = choose(lines, of[section], random.Random("%d %s" % (seed, section)))
            count = {"killed": 0, "survived": 0, "does not compile": 0}
            while queue and count["killed"] + count["survived"] < each:
                need = each - count["killed"] - count["survived"]
                batch, queue = queue[:need], queue[need:]
                for mutated, (verdict, by) in zip(batch, pool.map(lambda m: attempt(lines, of, section, m), batch)):
                    count[verdict] += 1
                    if verdict == "survived":
                        survivors.append((section, mutated))
            for verdict in count:
                total[verdict] += count[verdict]
            print("%-16s %3d killed, %2d survived, %2d do not compile" % (section, count["killed"], count["survived"], count["does not compile"]), flush=True)
    for section, (i, text) in survivors:
        print("\nSURVIVED %s, line %d\n- %s\n+ %s" % (section, i + 1, lines[i].strip(), text.strip().replace("\n", "\n+ ")))
    print("\nmutate-gen: %d mutants, %d killed, %d survived; %d more did not compile" %
          (total["killed"] + total["survived"], total["killed"], total["survived"], total["does not compile"]))

main()
