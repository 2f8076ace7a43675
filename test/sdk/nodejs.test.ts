import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

test("sdk/nodejs is made from the schema that is committed; `npm run sdk` makes it", () => {
    const digest = createHash("sha256").update(read("provider/schema.json")).digest("hex");
    expect(read("sdk/nodejs/schema.sha256").trim()).toBe(digest);
});

const hasCli = spawnSync("pulumi", ["version"]).status === 0;
(hasCli ? test : test.skip)("sdk/nodejs is what the generator of the pulumi CLI makes", () => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/sdk.mjs"), "--check"]);
    expect(stderr.toString()).not.toContain("sdk/nodejs is not");
    expect(status).toBe(0);
});

test("a program finds every resource and the version under the package's name", () => {
    execFileSync(process.execPath, [join(root, "scripts/sdk.mjs"), "--build"]);
    const { resources, version } = JSON.parse(read("provider/schema.json"));
    const names = Object.keys(resources).map((token) => token.split(":")[2]);
    const script = `const portable = require("pulumi-portable");
        console.log(JSON.stringify([${JSON.stringify(names)}.filter((name) => typeof portable[name] !== "function"),
            require("pulumi-portable/bin/utilities").getVersion()]));`;
    const said = execFileSync(process.execPath, ["-e", script], { cwd: join(root, "examples") });
    expect(JSON.parse(said.toString())).toEqual([[], version]);
});
