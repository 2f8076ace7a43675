// terminal.mjs TITLE [LINES]: draws what a terminal has printed (standard input, with its colours) as an SVG of text.
import { readFileSync } from "node:fs";

const [title = "", most = "60"] = process.argv.slice(2);
const COLUMN = 8.4;
const LINE = 19;
const MARGIN = 18;
/** The colours of SGR codes, on a dark background. */
const COLOURS = {
    31: "#ff8f8f",
    32: "#8fdb9a",
    33: "#f0cd79",
    34: "#8fb8ff",
    35: "#dba3ff",
    36: "#7fdbe6",
    90: "#a0a7b8",
    91: "#ff8f8f",
    92: "#8fdb9a",
    93: "#f0cd79",
    94: "#8fb8ff",
    95: "#dba3ff",
    96: "#7fdbe6",
};
/** The 256-colour codes that the Pulumi CLI prints. */
const EXTENDED = { 1: 31, 2: 32, 3: 33, 4: 34, 5: 35, 6: 36, 8: 90, 9: 31, 10: 32, 11: 33, 12: 34, 13: 35, 14: 36 };

const xmlText = (text) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Spans of one line: text with the style that is in force. */
function spansOf(line, style) {
    const spans = [];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with an escape character.
    for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the same.
        const codes = /^\u001b\[([0-9;]*)m$/.exec(part)?.[1];
        if (codes !== undefined) apply(codes.split(";").map(Number), style);
        else if (part !== "") spans.push({ text: part, ...style });
    }
    return spans;
}

function apply(codes, style) {
    for (let index = 0; index < codes.length; index++) {
        const code = codes[index];
        if (code === 0) Object.assign(style, { colour: undefined, bold: false });
        else if (code === 1) style.bold = true;
        else if (code === 38 && codes[index + 1] === 5) {
            style.colour = COLOURS[EXTENDED[codes[index + 2]]];
            index += 2;
        } else if (COLOURS[code]) style.colour = COLOURS[code];
    }
}

const style = { colour: undefined, bold: false };
const lines = readFileSync(0, "utf8")
    .replace(/\r/g, "")
    .trimEnd()
    .split("\n")
    .slice(0, Number(most))
    .map((line) => spansOf(line, style));
const columns = Math.max(...lines.map((spans) => spans.reduce((sum, { text }) => sum + text.length, 0)), 40);
const width = Math.round(columns * COLUMN + 2 * MARGIN);
const height = lines.length * LINE + 2 * MARGIN;
const body = lines.map((spans, index) => {
    const parts = spans.map(({ text, colour, bold }) => {
        const fill = colour === undefined ? "" : ` fill="${colour}"`;
        return `<tspan${fill}${bold ? ' font-weight="bold"' : ""}>${xmlText(text)}</tspan>`;
    });
    return `<text x="${MARGIN}" y="${MARGIN + 14 + index * LINE}" xml:space="preserve">${parts.join("")}</text>`;
});
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${xmlText(title)}">
<title>${xmlText(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="#1e2230"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#e6e8ee">
${body.join("\n")}
</g>
</svg>
`);
