import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

test("every SDK is the output of Pulumi's generators for the schema; `npm run sdk` makes them", () => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/sdk.mjs"), "--check"]);
    expect(stderr.toString()).not.toContain("sdk/ is not");
    expect(status).toBe(0);
}, 600_000);

test("a program can import every resource and the version by the package's name", () => {
    execFileSync(process.execPath, [join(root, "scripts/sdk.mjs"), "--build"]);
    const { resources, version } = JSON.parse(read("provider/schema.json"));
    const names = Object.keys(resources).map((token) => token.split(":")[2]);
    const script = `const portable = require("pulumi-portable");
        console.log(JSON.stringify([${JSON.stringify(names)}.filter((name) => typeof portable[name] !== "function"),
            require("pulumi-portable/bin/utilities").getVersion()]));`;
    const output = execFileSync(process.execPath, ["-e", script], { cwd: join(root, "examples") });
    expect(JSON.parse(output.toString())).toEqual([[], version]);
});
