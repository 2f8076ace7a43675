import type { MarkdownRenderer } from "vitepress";

/*
 * `<!-- chart row="new image" title="..." -->` before a table draws that row as bars, one for each column;
 * `<!-- chart column="lost" title="..." -->` draws a column, one bar for each row. The table stays below its chart: both
 * show the same figures, which `make bench` and `make soak` write.
 */

interface Bar {
    label: string;
    value: number;
    text: string;
}

const ROW_HEIGHT = 26;
const LABEL_WIDTH = 300;
const BAR_WIDTH = 340;

export function drawCharts(markdown: MarkdownRenderer): void {
    const render = markdown.parse.bind(markdown);
    markdown.parse = (text, env) => render(text.replace(/^<!-- chart (.*) -->\n\n?((?:\|.*\n?)+)/gm, chart), env);
}

function chart(_: string, attributes: string, table: string): string {
    const {
        row,
        column,
        title = "",
    } = Object.fromEntries([...attributes.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value])) as {
        row?: string;
        column?: string;
        title?: string;
    };
    const [head = [], , ...rows] = table
        .trim()
        .split("\n")
        .map((line) =>
            line
                .split("|")
                .slice(1, -1)
                .map((cell) => cell.trim().replaceAll("**", "")),
        );
    const cells =
        row !== undefined
            ? (rows.find(([name]) => name === row) ?? []).map((cell, index) => [head[index] ?? "", cell]).slice(1)
            : rows.map((line) => [line[0] ?? "", line[head.indexOf(column ?? "")] ?? ""]);
    const bars = cells.map(([label = "", text = ""]) => ({
        label,
        text: text.replace(/ \(.*\)/, ""),
        value: Number.parseFloat(text),
    }));
    if (bars.length === 0 || bars.some(({ value }) => Number.isNaN(value)))
        throw new Error(`no chart can be made of: ${attributes}`);
    return `${draw(title, bars)}\n\n${table}`;
}

function draw(title: string, bars: readonly Bar[]): string {
    const most = Math.max(...bars.map(({ value }) => value), 1e-9);
    const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
    const lines = bars.map(({ label, value, text }, index) => {
        const top = 30 + index * ROW_HEIGHT;
        const width = Math.max(1, (value / most) * BAR_WIDTH);
        const own = /^(pulumi-)?portable/.test(label) ? " own" : "";
        return (
            `<text class="label" x="${LABEL_WIDTH - 8}" y="${top + 15}" text-anchor="end">${escaped(shortened(label))}</text>` +
            `<rect class="bar${own}" x="${LABEL_WIDTH}" y="${top + 2}" width="${width.toFixed(1)}" height="${ROW_HEIGHT - 8}" rx="3"/>` +
            `<text class="value" x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${top + 15}">${escaped(text)}</text>`
        );
    });
    const description = bars.map(({ label, text }) => `${label}: ${text}`).join("; ");
    const height = 30 + bars.length * ROW_HEIGHT;
    return (
        `<figure class="diagram" role="img" aria-label="${escaped(`${title}. ${description}`)}" tabindex="0">` +
        `<svg aria-hidden="true" viewBox="0 0 ${LABEL_WIDTH + BAR_WIDTH + 80} ${height}" width="${LABEL_WIDTH + BAR_WIDTH + 80}">` +
        `<text class="title" x="${LABEL_WIDTH}" y="16">${escaped(title)}</text>${lines.join("")}</svg></figure>`
    );
}

function shortened(label: string): string {
    return label.length > 46 ? `${label.slice(0, 45)}…` : label;
}
