import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const made: string[] = [];
// Tests don't use the user's store.
process.env.PORTABLE_STORE = mkdtempSync(path.join(tmpdir(), "image-test-store-"));
made.push(process.env.PORTABLE_STORE);
afterAll(() => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** A new directory with these files, removed after the tests. A value is a file's text, or `-> TARGET` for a link. */
export function workspace(files: Record<string, string | Buffer> = {}): string {
    const directory = mkdtempSync(path.join(tmpdir(), "image-test-"));
    made.push(directory);
    for (const [name, content] of Object.entries(files)) {
        const file = path.join(directory, name);
        mkdirSync(path.dirname(file), { recursive: true });
        if (typeof content === "string" && content.startsWith("-> ")) symlinkSync(content.slice(3), file);
        else writeFileSync(file, content, { mode: /bin\/|\/ld[^/]*\.so/.test(name) ? 0o755 : 0o644 });
    }
    return directory;
}

/** A minimal static ELF program for x86-64. All its bytes are ASCII, so that it can also be given as text. */
export const PROGRAM = [
    "\x7fELF\x02\x01\x01".padEnd(16, "\0"),
    "\x02\0\x3e\0\x01\0\0\0".padEnd(24, "\0"),
    "\x40".padEnd(12, "\0"),
    "\x40\0\x38".padEnd(12, "\0"),
].join("");

export const HELLO_SERVICE = "[Service]\nExecStart=@helloExe@ --port 80\nStateDirectory=hello\n";

/** Arguments for the smallest complete image, with its workspace. */
export function hello() {
    const programDirectory = workspace({
        "units/hello.service": HELLO_SERVICE,
        "units/hello.socket": "[Socket]\nListenStream=80\n",
        "bin/hello": PROGRAM,
    });
    return { programDirectory, name: "hello", version: "1.0" };
}
