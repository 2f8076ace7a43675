import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./samples";

const LANGUAGES = ["typescript", "python", "go", "cs", "java", "yaml"];

test("the reference has a page for each resource and function, with the schema's examples in every language", () => {
    execFileSync(process.execPath, [join(root, "docs/reference.mjs")], { stdio: "ignore" });
    const schema = JSON.parse(readFileSync(join(root, "provider/schema.json"), "utf8"));
    const described = Object.entries<{ description: string }>({ ...schema.resources, ...schema.functions });
    expect(described.length).toBeGreaterThan(4);
    for (const [token, { description }] of described) {
        const name = token.split(":")[2] as string;
        const file = name.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
        const page = readFileSync(join(root, "docs/reference", `${file}.md`), "utf8");
        const examples = description.split("{{% example %}}").length - 1;
        expect([name, examples > 0]).toEqual([name, true]);
        for (const language of LANGUAGES)
            expect([name, language, page.split(`\`\`\`${language} [`).length - 1]).toEqual([name, language, examples]);
        expect(page.split("::: code-group").length - 1).toBe(examples);
        expect(page).not.toMatch(/\{\{%|## Example Usage/);
    }
});
