import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { NixFailure } from "../../../../provider/image/sources/nix/command";
import { NixLog } from "../../../../provider/image/sources/nix/log";
import { buildProblem, evaluationProblem } from "../../../../provider/image/sources/nix/problem";
import { workspace } from "../../workspace";

const HASH = "2m8ngbdnks2vrj6h3vxn0bwvi6q7w3xy";
const DRV = `/nix/store/${HASH}-caddy-2.10.2.drv`;

function event(fields: Record<string, unknown>): string {
    return `@nix ${JSON.stringify(fields)}`;
}

function read(lines: string[]): { log: NixLog; reported: string[] } {
    const reported: string[] = [];
    const log = new NixLog((text) => reported.push(text));
    for (const line of lines) log.read(line);
    return { log, reported };
}

test("reports paths that are fetched and built with their number, and the output of a build", () => {
    const { reported } = read([
        event({ action: "start", id: 1, level: 0, text: "", type: 104 }),
        event({ action: "result", id: 1, type: 105, fields: [0, 2, 0, 0] }),
        event({ action: "start", id: 2, level: 4, type: 108, fields: [`/nix/store/${HASH}-go-1.25`, "https://cache"] }),
        event({ action: "start", id: 3, level: 3, type: 105, fields: [DRV, "", 1, 1] }),
        event({ action: "result", id: 3, type: 104, fields: ["buildPhase"] }),
        event({ action: "result", id: 3, type: 101, fields: ["\u001b[1mcompiling\u001b[0m main.go\r"] }),
        event({ action: "result", id: 3, type: 101, fields: ["x".repeat(500)] }),
        "@nix not json",
    ]);
    expect(reported).toEqual([
        "0 of 2 built, fetching go-1.25",
        "0 of 2 built, building caddy-2.10.2",
        "0 of 2 built, building caddy-2.10.2: buildPhase",
        "0 of 2 built, building caddy-2.10.2: compiling main.go",
        expect.stringMatching(/^0 of 2 built, building caddy-2\.10\.2: x{70,90}\.\.\.$/),
    ]);
    expect(reported.at(-1)).toHaveLength(120);
});

test("keeps the last lines of the build that an error names, not those of a later one", () => {
    const other = `/nix/store/${HASH}-other.drv`;
    const { log } = read([
        event({ action: "start", id: 3, type: 105, fields: [DRV] }),
        event({ action: "start", id: 4, type: 105, fields: [other] }),
        ...Array.from({ length: 100 }, (_, n) => event({ action: "result", id: 3, type: 101, fields: [`line ${n}`] })),
        event({ action: "result", id: 4, type: 101, fields: ["fine"] }),
        event({ action: "msg", level: 1, msg: "warning: unimportant" }),
        event({ action: "msg", level: 0, msg: "warning: the group 'nixbld' does not exist" }),
        event({
            action: "msg",
            level: 0,
            raw_msg: `\u001b[35;1mbuilder for '${DRV}' failed\u001b[0m`,
            msg: "error: ...",
        }),
    ]);
    const { what, reported, todo } = buildProblem(new NixFailure(log));
    expect(what).toBe("The nix build of caddy-2.10.2 failed");
    expect(reported.split("\n")).toEqual(Array.from({ length: 30 }, (_, n) => `line ${n + 70}`));
    expect(todo).toBe(`Its whole log is shown by \`nix log ${DRV}\``);
});

test("an error without a build is nix's message", () => {
    const { log } = read([event({ action: "msg", level: 0, raw_msg: "unable to download 'https://cache'", msg: "" })]);
    expect(buildProblem(new NixFailure(log))).toMatchObject({ reported: "unable to download 'https://cache'" });
    const died = read(["terminate called", "Aborted"]);
    expect(buildProblem(new NixFailure(died.log))).toMatchObject({ reported: "terminate called\nAborted" });
});

/** An error as nix 2.26 logs it: file names include the position, and the trace begins next to the error. */
const THROWN = {
    action: "msg",
    level: 0,
    file: null,
    line: null,
    column: null,
    msg: "error: ...",
    raw_msg: "hash \u001b[35;1mmismatch\u001b[0m",
};
const frame = (file: string, line: number) => ({ file: `${file}:${line}:7`, line, column: 7, raw_msg: "..." });

test.each<[string, object[], string]>([
    [
        "a file of the flake, copied to the store",
        [frame(`/nix/store/${HASH}-source/lib/caddy.nix`, 2)],
        "lib/caddy.nix:2:7: hash mismatch",
    ],
    [
        "the nearest file of the user's, behind those of inputs",
        [frame(`/nix/store/${HASH}-source/pkgs/throw.nix`, 9), frame("«git+file:///home/u/caddy»/flake.nix", 12)],
        "flake.nix:12:7: hash mismatch",
    ],
    [
        "an input, where no file of the user's shows",
        [frame(`/nix/store/${HASH}-source/pkgs/throw.nix`, 9)],
        "pkgs/throw.nix:9:7: hash mismatch",
    ],
    ["no file", [frame("«string»", 1), frame("<nix/derivation-internal.nix>", 37)], "hash mismatch"],
])("an error is placed in %s", async (_, trace, expected) => {
    const directory = workspace({ "flake.nix": "", "lib/caddy.nix": "" });
    const { log } = read([event({ ...THROWN, trace })]);
    const problem = await evaluationProblem(new NixFailure(log), ".#caddy", directory);
    expect(problem.what).toBe(`nix can't evaluate '.#caddy': ${expected}`);
});

test("a flake may be in a parent directory, and a file of the same name in an input isn't taken for the user's", async () => {
    const root = workspace({ "flake.nix": "mine", "deploy/readme": "" });
    const copy = (name: string, content: string) => {
        const directory = path.join(workspace(), `${HASH}-source`);
        mkdirSync(directory);
        writeFileSync(path.join(directory, name), content);
        return path.join(directory, name);
    };
    const trace = [frame(copy("flake.nix", "of an input"), 3), frame(copy("flake.nix", "mine"), 5)];
    const { log } = read([event({ ...THROWN, trace })]);
    const problem = await evaluationProblem(new NixFailure(log), ".", path.join(root, "deploy"));
    expect(problem.what).toBe("nix can't evaluate '.': ../flake.nix:5:7: hash mismatch");
});

test("a long message is truncated", async () => {
    const { log } = read([event({ ...THROWN, raw_msg: "line\n".repeat(50) })]);
    const problem = await evaluationProblem(new NixFailure(log), ".", workspace());
    expect(problem.what.split("\n")).toHaveLength(13);
});
