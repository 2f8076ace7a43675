import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./samples";

test("each test that the page of faults names exists", () => {
    const page = readFileSync(join(root, "docs/how-it-works/faults.md"), "utf8");
    const named = [...page.matchAll(/\| `([\w/-]+)`: (.*) \|$/gm)];
    expect(named.length).toBeGreaterThan(80);
    const missing = named.filter(([, file = "", title = ""]) => {
        const path = [".test.ts", ".ts"].map((end) => join(root, "test", file + end)).find((path) => existsSync(path));
        return path === undefined || !readFileSync(path, "utf8").includes(title);
    });
    expect(missing.map(([row]) => row)).toEqual([]);
});
