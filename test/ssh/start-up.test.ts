import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";

const directory = mkdtempSync(join(tmpdir(), "portable-test-start-up-"));
afterAll(() => rmSync(directory, { recursive: true }));

test("a process that doesn't connect doesn't load ssh2", () => {
    const outfile = join(directory, "pool.js");
    buildSync({
        entryPoints: [join(__dirname, "../../provider/ssh/pool.ts")],
        outfile,
        bundle: true,
        platform: "node",
        external: ["ssh2", "ssh2-sftp-client"],
    });
    // ssh2 can't be resolved from that directory, so loading it would throw
    const program = `
        const pool = require(${JSON.stringify(outfile)}).createPool();
        pool.connect({}).catch((error) => console.log(error.code)).finally(() => pool.close());`;
    expect(execFileSync(process.execPath, ["-e", program], { cwd: directory, encoding: "utf8" })).toBe("settings\n");
});
