import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./samples";

/** The page with its charts, as the site renders it. */
function drawn(text: string): string {
    const program = `import { readFileSync } from "node:fs";
        const { drawCharts } = await import("${join(root, "docs/.vitepress/charts.mts")}");
        const markdown = { parse: (text) => process.stdout.write(text) };
        drawCharts(markdown);
        markdown.parse(readFileSync(0, "utf8"), {});`;
    return execFileSync(
        process.execPath,
        ["--no-warnings", "--experimental-strip-types", "--input-type=module", "-e", program],
        {
            input: text,
            encoding: "utf8",
        },
    );
}

test.each([
    ["benchmarks", /\| new image \| [\d.]+ s/, "| new image | 98.76 s"],
    [
        "updates",
        /\| \*\*pulumi-portable\*\*, Debian bookworm \| (\d+) \| (\d+) \| \d+/,
        "| **pulumi-portable**, Debian bookworm | $1 | $2 | 9876",
    ],
])("charts of %s follow the figures that `make bench` and `make soak` write", (page, figure, other) => {
    const text = readFileSync(join(root, `docs/how-it-works/${page}.md`), "utf8");
    const charts = text.match(/^<!-- chart /gm) ?? [];
    expect(charts.length).toBeGreaterThan(0);
    expect(drawn(text).match(/<figure /g)).toHaveLength(charts.length);
    const changed = text.replace(figure, other);
    expect(changed).not.toBe(text);
    const value = other.includes("98.76") ? "98.76 s" : "9876";
    expect(drawn(text)).not.toContain(`>${value}</text>`);
    expect(drawn(changed)).toContain(`>${value}</text>`);
});
