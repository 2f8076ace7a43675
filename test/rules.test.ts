import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(__dirname, "..");
const config = join(root, ".dependency-cruiser.cjs");

/** Imports that break each rule of .dependency-cruiser.cjs: the importing file, which is added, and what it imports. */
const BREAKS: Record<string, [file: string, imports: string]> = {
    "no-circles": ["provider/schema/one.ts", "./two"],
    "no-folder-circles": ["provider/image/store/above.ts", "../tree/tree"],
    "schema-is-ground": ["provider/schema/break.ts", "../errors"],
    "systemd-is-text": ["provider/systemd/break.ts", "../errors"],
    "transfer-is-by-itself": ["provider/transfer/break.ts", "../host/host"],
    "host-is-below-resources": ["provider/host/break.ts", "../image/image"],
    "ssh-implements-host": ["provider/ssh/break.ts", "../host/facts"],
    "ssh-is-put-in-by-main": ["provider/protocol/break.ts", "../ssh/pool"],
    "pure-rooms-have-no-effects": ["provider/systemd/effect.ts", "node:fs"],
    "image-is-below-resources": ["provider/image/break.ts", "../host/host"],
    "image-store-has-its-floor": ["provider/image/store/break.ts", "../pack/packer"],
    "image-tree-has-its-floor": ["provider/image/tree/break.ts", "../pack/packer"],
    "image-pack-has-its-floor": ["provider/image/pack/break.ts", "../checks/finding"],
    "image-contents-has-its-floor": ["provider/image/contents/break.ts", "../checks/finding"],
    "image-elf-has-its-floor": ["provider/image/elf/break.ts", "../pack/packer"],
    "image-checks-has-its-floor": ["provider/image/checks/break.ts", "../sources/load"],
    "image-sources-has-its-floor": ["provider/image/sources/break.ts", "../image"],
    "resources-know-no-grpc": ["provider/resources/break.ts", "@grpc/grpc-js"],
    "functions-stand-beside-resources": ["provider/functions/break.ts", "../resources/owner"],
    "protocol-knows-no-resource": ["provider/protocol/resource.ts", "../resources/owner"],
    "ssh2-stays-in-ssh": ["provider/host/ssh.ts", "ssh2"],
    "nothing-imports-upwards": ["provider/transfer/upwards.ts", "../contract"],
    "tests-stay-outside": ["provider/outside.ts", "../test/stub"],
};

test("every rule of imports fails when it is broken", () => {
    const directory = mkdtempSync(join(tmpdir(), "portable-test-rules-"));
    const write = (file: string, imports: string) => {
        mkdirSync(dirname(join(directory, file)), { recursive: true });
        writeFileSync(join(directory, file), `import "${imports}";\n`);
    };
    try {
        for (const name of ["provider", "tsconfig.json"])
            cpSync(join(root, name), join(directory, name), { recursive: true });
        symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
        for (const [file, imports] of Object.values(BREAKS)) write(file, imports);
        write("provider/schema/two.ts", "./one");
        write("test/stub.ts", "node:os");

        const broken = new Set(
            violations(directory)
                .filter(({ rule, from }) => BREAKS[rule.name]?.[0].startsWith(from)) // of a file, or of its folder
                .map(({ rule }) => rule.name),
        );
        const rules: { name: string }[] = require(config).forbidden;
        expect(rules.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
        expect(Object.keys(BREAKS).sort()).toEqual(rules.map(({ name }) => name).sort());
    } finally {
        rmSync(directory, { recursive: true });
    }
}, 120_000);

function violations(directory: string): { rule: { name: string }; from: string }[] {
    const words = ["provider", "--config", config, "--output-type", "json"];
    const depcruise = join(root, "node_modules/.bin/depcruise");
    const output = execFileSync(depcruise, words, { cwd: directory, encoding: "utf8", maxBuffer: 100_000_000 });
    return JSON.parse(output).summary.violations;
}
