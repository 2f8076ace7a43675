import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderedPrograms } from "./programs";

jest.mock("node:crypto", () => ({
    ...jest.requireActual("node:crypto"),
    randomBytes: (size: number) => Buffer.alloc(size, 0xab),
}));

const golden = join(__dirname, "golden");

/** The shell ignores lines that are comments, and empty ones. */
function commands(text: string): string {
    return text.replace(/^\s*#.*\n/gm, "").replace(/\n\n+/g, "\n");
}

/*
 * What each program on a host was when it was last looked over. PORTABLE_GOLDEN=write records what is now: a change of
 * these files belongs into a commit of its own, which says what has changed.
 */
describe("every program on a host is the one that was looked over", () => {
    const programs = renderedPrograms();

    if (process.env.PORTABLE_GOLDEN === "write")
        for (const [name, text] of programs) writeFileSync(join(golden, `${name}.sh`), commands(text));

    test.each(programs)("%s", (name, text) => {
        expect(commands(text)).toBe(readFileSync(join(golden, `${name}.sh`), "utf8"));
    });

    test("none is missing", () => {
        expect(readdirSync(golden).sort()).toEqual(programs.map(([name]) => `${name}.sh`).sort());
    });
});
