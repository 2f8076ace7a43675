import { execFileSync } from "node:child_process";
import {
    copyFileSync,
    cpSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { installPackages, RUN_TIMEOUT_MS } from "../acceptance/example";
import { onHost, shown, which } from "../acceptance/on-every-engine";
import { type Engine, engines, type Project } from "../engine/engine";
import { bootHost, diffSnapshots, type Snapshot, type TestHost } from "../hosts";
import { go, hasJava, java, python, type Toolchain, yaml } from "./toolchains";

/**
 * One program in every language, deployed to a real host by every engine that can run the language. It has lists, maps,
 * numbers, assets, a secret, an output that is unknown in a preview, enums, a function and the component.
 */

const root = join(__dirname, "../..");
const programs = join(__dirname, "everything");
/** Includes the preparation of a language, which is made once on a machine. */
const PREPARE_TIMEOUT_MS = 600_000;

const LANGUAGES: Record<string, { file: string; as: string; prepare: (directory: string) => Toolchain }> = {
    typescript: {
        file: "everything.ts",
        as: "index.ts",
        prepare: (directory) => {
            installPackages(directory);
            writeFileSync(join(directory, "package.json"), JSON.stringify({ main: "index.ts" }));
            copyFileSync(join(root, "examples/hello/tsconfig.json"), join(directory, "tsconfig.json"));
            return { runtime: "nodejs", env: { PULUMI_NODEJS_TRANSPILE_ONLY: "true" } };
        },
    },
    python: { file: "everything.py", as: "__main__.py", prepare: python },
    go: { file: "everything.go", as: "main.go", prepare: go },
    yaml: { file: "everything.yaml", as: "Main.yaml", prepare: yaml },
    java: { file: "App.java", as: "App.java", prepare: java },
};

let host: TestHost;
let directory: string;
let before: Snapshot;

beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "portable-languages-"));
    host = await bootHost();
    before = await host.snapshot();
    mkdirSync(join(directory, "bin"));
    const cc = (source: string, program: string) =>
        execFileSync("cc", ["-static", "-O2", "-o", join(directory, "bin", program), "-x", "c", "-"], {
            input: source,
        });
    cc(readFileSync(join(root, "examples/hello/hello.c"), "utf8"), "hello");
    cc('#include <stdio.h>\nint main(void) { return puts("Less, but better") < 0; }\n', "motto");
}, RUN_TIMEOUT_MS);

afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    await host?.down();
});

describe.each(Object.keys(LANGUAGES))("a program in %s", (language) => {
    if (language === "java" && !hasJava) return test.skip("needs a JDK and Maven", () => {});
    const { file, as, prepare } = LANGUAGES[language] as (typeof LANGUAGES)[string];
    let project: Project;

    beforeAll(() => {
        const work = join(directory, language);
        mkdirSync(work);
        cpSync(join(root, "examples/hello/units"), join(work, "units"), { recursive: true });
        symlinkSync(join(directory, "bin"), join(work, "bin"));
        copyFileSync(join(programs, file), join(work, as));
        const { runtime, env } = prepare(work);
        const program = language === "yaml" ? parse(readFileSync(join(work, as), "utf8")) : {};
        const settings = {
            ...program,
            name: "everything",
            runtime,
            plugins: { providers: [{ name: "portable", path: join(root, "provider") }] },
        };
        writeFileSync(join(work, "Pulumi.yaml"), stringify(settings));
        project = {
            directory: work,
            stack: "dev",
            config: { host: host.name },
            secretConfig: { token: "t0p-secret" },
            env: { ...env, PORTABLE_SSH_CONFIG: host.sshConfigPath },
        };
    }, PREPARE_TIMEOUT_MS);

    test.each(enginesOf(language))(
        "on the engine %s",
        async (name) => {
            const engine = (await engines()).find((candidate) => candidate.name === name) as Engine;
            const succeeded = async (operation: "preview" | "up" | "destroy") => {
                const result = await engine[operation](project);
                if (result.code !== 0) throw new Error(`${operation} failed:\n${result.stdout}`);
                return result;
            };
            const preview = await succeeded("preview");
            expect(preview.steps.filter(({ op }) => op === "create").length).toBeGreaterThanOrEqual(4);

            const { outputs, stdout } = await succeeded("up");
            const machineId = await onHost(host, "cat /etc/machine-id");
            expect(outputs).toMatchObject({
                missing: [],
                machineId,
                serviceMachineId: machineId,
                unitStates: { "hello.service": { active: "active" }, "hello.socket": { sub: "running" } },
                hosts: { web1: { machineId, unitStates: { "motto.service": { sub: "exited" } } } },
            });
            await expectOnHost();
            expect(stdout).not.toContain("t0p-secret");
            expect(withoutSecrets(await engine.exportState(project))).not.toContain("t0p-secret");

            expect(Object.keys((await succeeded("up")).summary)).toEqual(["same"]);
            await succeeded("destroy");
            expect(diffSnapshots(before, await host.snapshot())).toEqual([]);
            await engine.forget(project);
        },
        PREPARE_TIMEOUT_MS,
    );
});

/**
 * The CLI runs languages whose language host is on PATH. The one for YAML is built here. The available one for Java is older
 * than the CLI and ignores runtime.options.binary.
 */
function enginesOf(language: string): Engine["name"][] {
    const runtime = language === "typescript" ? "nodejs" : language;
    const hasHost = language === "yaml" || (language !== "java" && which(`pulumi-language-${runtime}`) !== undefined);
    return which("pulumi") !== undefined && hasHost ? ["stand-in", "pulumi"] : ["stand-in"];
}

/** Removes the secrets from a state: the stand-in engine exports them as marked plain text. */
function withoutSecrets(state: unknown): string {
    return JSON.stringify(state, (key, value) => (key === "plaintext" ? "[secret]" : value));
}

/** Expects each value on the host as it was declared. */
async function expectOnHost(): Promise<void> {
    expect(await host.http(8080, "/")).toEqual({ status: 200, body: "<h1>Hello, User!</h1>\n" });
    expect(await onHost(host, "stat -c %a /etc/hello/token; cat /etc/hello/token")).toBe("600\nt0p-secret");
    expect(await onHost(host, "cat /etc/systemd/system/hello.service.d/50-portable.conf")).toBe(
        [
            "[Service]",
            "BindReadOnlyPaths=/etc/hello",
            'Environment="NAME=User"',
            "LogRateLimitBurst=0",
            "Nice=5",
            "PrivateTmp=yes",
        ].join("\n"),
    );
    expect(await shown(host, "hello.service", "Documentation")).toBe('https://example.com/hello "man:systemd(1)"');
    expect(await shown(host, "hello.service", "MemoryDenyWriteExecute")).toBe("no");
    expect(await onHost(host, "journalctl -q -b -o cat -u motto.service --no-pager")).toContain("Less, but better");
}
