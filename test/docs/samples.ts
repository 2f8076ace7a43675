import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(__dirname, "../..");

/** A fenced block of code in a page. */
export interface Sample {
    /** Path in the repository: "docs/guides/logs.md". */
    page: string;
    /** Line number of the block's first line of code. */
    line: number;
    /** "ts", "sh", "yaml", ... */
    language: string;
    /** Name of the file in the project, if the page has one: "index.ts". */
    file: string | undefined;
    text: string;
}

/** Pages of the documentation, without generated ones. */
export function pages(): string[] {
    return globSync(["README.md", "CONTRIBUTING.md", "docs/**/*.md", "examples/**/*.md", "templates/**/*.md"], {
        cwd: root,
        exclude: (name) => name.includes("node_modules") || name.startsWith("docs/reference"),
    }).sort();
}

export function samplesOf(page: string): Sample[] {
    const lines = readFileSync(join(root, page), "utf8").split("\n");
    const samples: Sample[] = [];
    for (let index = 0; index < lines.length; index++) {
        const [, indent = "", language, file] = /^(\s*)```(\w+)(?: \[(.+)\])?$/.exec(lines[index] ?? "") ?? [];
        if (language === undefined) continue;
        const end = lines.indexOf(`${indent}\`\`\``, index + 1);
        if (end < 0) throw new Error(`${page}:${index + 1}: the block of code doesn't end`);
        const text = lines.slice(index + 1, end).map((line) => line.slice(indent.length));
        samples.push({ page, line: index + 2, language, file, text: `${text.join("\n")}\n` });
        index = end;
    }
    return samples;
}
