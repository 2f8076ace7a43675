import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(__dirname, "../..");
let project: string;

beforeAll(() => {
    execFileSync(process.execPath, [join(root, "scripts/package.mjs")]);
    project = mkdtempSync(join(tmpdir(), "portable-package-"));
    mkdirSync(join(project, "node_modules/@pulumi"), { recursive: true });
    cpSync(join(root, "dist/package"), join(project, "node_modules/pulumi-portable"), { recursive: true });
    symlinkSync(join(root, "node_modules/@pulumi/pulumi"), join(project, "node_modules/@pulumi/pulumi"));
});
afterAll(() => rmSync(project, { recursive: true }));

test("the package has the SDK and no download URL for Pulumi", () => {
    const output = execFileSync(process.execPath, ["-p", "typeof require('pulumi-portable').PortableImage"], {
        cwd: project,
    });
    expect(output.toString().trim()).toBe("function");
    const manifest = JSON.parse(readFileSync(join(project, "node_modules/pulumi-portable/package.json"), "utf8"));
    expect(manifest.pulumi).toMatchObject({ name: "portable", resource: false });
    expect(manifest.dependencies).toEqual({ "@pulumi/pulumi": expect.any(String) });
    expect(manifest.scripts).toBeUndefined();
});

test("the package has a provider that starts without other packages", async () => {
    const child = spawn(join(project, "node_modules/pulumi-portable/provider/pulumi-resource-portable"), [
        "127.0.0.1:1",
    ]);
    try {
        const port = await new Promise<number>((resolve) => child.stdout.once("data", (data) => resolve(Number(data))));
        expect(port).toBeGreaterThan(0);
    } finally {
        child.kill("SIGINT");
    }
});
