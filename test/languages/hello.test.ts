import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { Example, RUN_TIMEOUT_MS } from "../acceptance/example";
import { standIn } from "../engine/stand-in-engine";
import { bootHost, type TestHost } from "../hosts";
import { go, hasJava, java, python, type Toolchain, yaml } from "./toolchains";

/* Deploys examples/hello in the other languages than TypeScript to a real host. */

const root = join(__dirname, "../..");
const PREPARE_TIMEOUT_MS = 600_000;
const LANGUAGES: Record<string, (directory: string) => Toolchain> = { python, go, java, yaml };

let host: TestHost;
let example: Example;

beforeAll(async () => {
    host = await bootHost();
    example = new Example("hello", () => {});
    example.build();
}, RUN_TIMEOUT_MS);
afterAll(async () => {
    example?.remove();
    await host?.down();
});

describe.each(Object.entries(LANGUAGES))("examples/hello/%s", (language, prepare) => {
    if (language === "java" && !hasJava) return test.skip("needs a JDK and Maven", () => {});
    let project: Parameters<ReturnType<typeof standIn>["up"]>[0];

    beforeAll(() => {
        const directory = example.path(language);
        const file = join(directory, "Pulumi.yaml");
        const { runtime, env } = prepare(directory);
        const settings = {
            ...parse(readFileSync(file, "utf8")),
            runtime,
            plugins: { providers: [{ name: "portable", path: join(root, "provider") }] },
        };
        writeFileSync(file, stringify(settings));
        project = {
            directory,
            stack: "dev",
            config: { host: host.name },
            env: { ...env, PORTABLE_SSH_CONFIG: host.sshConfigPath },
        };
    }, PREPARE_TIMEOUT_MS);

    test(
        "pulumi up, a change of the name, pulumi destroy",
        async () => {
            const engine = standIn();
            const up = await engine.up(project);
            expect([up.summary, up.code === 0 ? "" : up.stdout]).toEqual([{ create: 4 }, ""]);
            expect(await host.http(8080, "/")).toEqual({ status: 200, body: "<h1>Hello, User!</h1>\n" });
            const changed = await engine.up({ ...project, config: { ...project.config, name: "Ada" } });
            expect(changed.summary).toEqual({ same: 3, update: 1 });
            expect((await host.http(8080, "/")).body).toBe("<h1>Hello, Ada!</h1>\n");
            expect((await engine.destroy(project)).code).toBe(0);
            await expect(host.http(8080, "/")).rejects.toThrow("ECONNREFUSED");
        },
        RUN_TIMEOUT_MS,
    );
});
