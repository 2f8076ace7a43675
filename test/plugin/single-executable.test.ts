import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { which } from "../acceptance/on-every-engine";
import { schemaFrom } from "./schema-from";

const root = join(__dirname, "../..");
const { version } = JSON.parse(readFileSync(join(root, "provider/schema.json"), "utf8"));
const platform = `linux-${process.arch === "x64" ? "amd64" : process.arch}`;
let directory: string;

/** Builds the executable from Node.js, of which 120 MB are downloaded the first time. */
beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "portable-executable-"));
    execFileSync(process.execPath, [
        join(root, "scripts/archives.mjs"),
        "--unpacked",
        join(directory, "plugin"),
        platform,
    ]);
}, 300_000);
afterAll(() => rmSync(directory, { recursive: true }));

test("the executable in an archive works without Node.js on the machine", async () => {
    const child = spawn(join(directory, "plugin/pulumi-resource-portable"), ["127.0.0.1:1"], {
        env: { PATH: "/nowhere", HOME: directory },
        stdio: ["pipe", "pipe", "inherit"],
    });
    try {
        const port = await new Promise<number>((resolve) => child.stdout.once("data", (data) => resolve(Number(data))));
        expect(await schemaFrom(port)).toMatchObject({ name: "portable", version });
    } finally {
        child.kill("SIGINT");
    }
});

test("an archive has the licenses of its parts", () => {
    const notices = readFileSync(join(directory, "plugin/THIRD-PARTY-NOTICES.txt"), "utf8");
    expect(notices).toContain("ssh2 ");
    expect(notices).toContain("zod ");
    expect(notices).not.toContain("No licence text");
    expect(readFileSync(join(directory, "plugin/NODE-LICENSE"), "utf8")).toContain(
        "Node.js is licensed for use as follows",
    );
});

(which("pulumi") ? test : test.skip)(
    "`pulumi package add` accepts the directory provider/ of a checkout (pulumi)",
    () => {
        const project = mkdtempSync(join(directory, "project-"));
        writeFileSync(join(project, "Pulumi.yaml"), "name: added\nruntime: yaml\n");
        const env = { ...process.env, PULUMI_HOME: join(project, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" };
        execFileSync("pulumi", ["package", "add", join(root, "provider")], { env, cwd: project, stdio: "pipe" });
        expect(readFileSync(join(project, "Pulumi.yaml"), "utf8")).toContain(`portable: ${join(root, "provider")}`);
    },
    60_000,
);

(which("pulumi") ? test : test.skip)("the CLI installs an archive, and needs no `plugins:` then (pulumi)", () => {
    const archive = join(directory, "archive.tar.gz");
    execFileSync("tar", ["-czf", archive, "-C", join(directory, "plugin"), "."]);
    const env = { ...process.env, PULUMI_HOME: join(directory, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" };
    const pulumi = (...args: string[]) => execFileSync("pulumi", args, { env, cwd: directory, encoding: "utf8" });
    pulumi("plugin", "install", "resource", "portable", version, "--file", archive);
    expect(JSON.parse(pulumi("package", "get-schema", "portable"))).toMatchObject({ name: "portable", version });
});
