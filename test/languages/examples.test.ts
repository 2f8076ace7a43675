import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { go, hasJava, javaClassPath, python } from "./toolchains";

/* Checks the schema's examples: each program in each language must match the types of the SDK. */

const root = join(__dirname, "../..");
const examples = join(root, "provider/examples");
const TIMEOUT_MS = 600_000;

const programs = (ending: string) =>
    (readdirSync(examples, { recursive: true }) as string[]).filter((name) => name.endsWith(`.${ending}`)).sort();
const nameOf = (program: string) => program.replace(/\W/g, "_");

let directory: string;
beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "portable-schema-examples-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

test("each resource, component and function has examples, in six languages", () => {
    const { resources, functions } = JSON.parse(readFileSync(join(root, "provider/schema.json"), "utf8"));
    for (const [token, { description }] of Object.entries<{ description: string }>({ ...resources, ...functions })) {
        const count = programs("yaml").filter((name) => name.startsWith(`${token.split(":")[2]}/`)).length;
        expect([token, count > 0]).toEqual([token, true]);
        for (const language of ["typescript", "python", "csharp", "go", "java", "yaml"]) {
            expect([token, language, description.split(`\`\`\`${language}\n`).length - 1]).toEqual([
                token,
                language,
                count,
            ]);
        }
    }
});

test(
    "the programs are the output of Pulumi's converters for the YAML programs; `make sdk` makes them",
    () => {
        const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/examples.mjs"), "--check"]);
        expect([stderr.toString(), status]).toEqual(["", 0]);
    },
    TIMEOUT_MS,
);

test("C# programs have the type of a map within a map, without which they don't compile", () => {
    const all = programs("cs").map((name) => readFileSync(join(examples, name), "utf8"));
    expect(all.filter((text) => text.includes("new Dictionary<string, object>\n")).length).toBeGreaterThan(0);
    expect(all.filter((text) => /\{ "[^"\n]*", *\n *\{/.test(text))).toEqual([]);
});

test(
    "TypeScript",
    () => {
        const work = join(directory, "typescript");
        mkdirSync(join(work, "node_modules"), { recursive: true });
        symlinkSync(join(root, "node_modules/@pulumi"), join(work, "node_modules/@pulumi"));
        symlinkSync(join(root, "sdk/nodejs"), join(work, "node_modules/pulumi-portable"));
        for (const program of programs("ts")) cpSync(join(examples, program), join(work, `${nameOf(program)}.ts`));
        const options = { compilerOptions: { noEmit: true, skipLibCheck: true }, include: ["*.ts"] };
        const settings = { extends: join(root, "examples/hello/tsconfig.json"), ...options };
        writeFileSync(join(work, "tsconfig.json"), JSON.stringify(settings));
        expect(output(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", work])).toBe("");
    },
    TIMEOUT_MS,
);

/** Runs each program with mocks, where an argument that the SDK lacks is an error. */
const RUN_WITH_MOCKS = `
import runpy, sys, pulumi

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return [args.name, args.inputs]
    def call(self, args):
        return {"systemdVersion": 257, "missing": [], "machineId": "1", "os": [], "profiles": []}

pulumi.runtime.set_mocks(Mocks(), preview=False)
pulumi.runtime.set_all_config({"project:token": "t"})

@pulumi.runtime.test
def run():
    for program in sys.argv[1:]:
        runpy.run_path(program, run_name="__main__")
    print(len(sys.argv) - 1)

run()
`;

test(
    "Python",
    () => {
        const work = join(directory, "python");
        mkdirSync(work);
        const { runtime, env } = python(work);
        const { options } = runtime as { options: { virtualenv: string } };
        const all = programs("py").map((name) => join(examples, name));
        const printed = output(join(options.virtualenv, "bin/python"), ["-c", RUN_WITH_MOCKS, ...all], work, env);
        expect(printed.trim()).toBe(String(all.length));
    },
    TIMEOUT_MS,
);

test(
    "Go",
    () => {
        const work = join(directory, "go");
        mkdirSync(work);
        const { env } = go(work);
        for (const program of programs("go")) {
            mkdirSync(join(work, nameOf(program)));
            cpSync(join(examples, program), join(work, nameOf(program), "main.go"));
        }
        expect(output("go", ["vet", "./..."], work, env)).toBe("");
    },
    TIMEOUT_MS,
);

(hasJava ? test : test.skip)(
    "Java",
    () => {
        const sources = programs("java").map((program) => {
            const file = join(directory, "java", nameOf(program), "App.java");
            mkdirSync(join(file, ".."), { recursive: true });
            const text = readFileSync(join(examples, program), "utf8");
            // Each program has its own package, so that all can be compiled at once.
            writeFileSync(file, `package ${nameOf(program)};\n${text}`);
            return file;
        });
        const classes = join(directory, "java/classes");
        mkdirSync(classes);
        expect(output("javac", ["-nowarn", "-cp", javaClassPath(), "-d", classes, ...sources])).toBe("");
    },
    TIMEOUT_MS,
);

/** Output of a compiler; empty without errors. */
function output(command: string, args: string[], cwd = directory, env: Record<string, string> = {}): string {
    try {
        return execFileSync(command, args, { cwd, env: { ...process.env, ...env }, encoding: "utf8", stdio: "pipe" });
    } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        return `${stdout}${stderr}` || String(error);
    }
}
