import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

/* write-figures.ts FIGURES DOCUMENT: writes the figures that figures.ts collected between the two markers of DOCUMENT. */

type Figures = Record<string, number | string>;

const BEGIN = "<!-- figures of `make soak` -->\n";
const END = "<!-- end of figures -->\n";

const [, , figuresPath = "", documentPath = ""] = process.argv;
const figures = readFileSync(figuresPath, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Figures);
const document = readFileSync(documentPath, "utf8");
const [head, rest] = document.split(BEGIN);
const tail = rest?.split(END)[1];
if (head === undefined || tail === undefined) throw new Error(`${documentPath} has no place for figures`);

const rounded = (value: unknown, digits = 0) => Number(value).toFixed(digits);
const rows = figures
    .filter(({ way }) => way !== undefined)
    .map(
        ({ way, updates, sent, lost, median, longest, afterwards }) =>
            `| ${way} | ${updates} | ${sent} | ${lost} | ${rounded(median, 1)} ms | ${rounded(longest)} ms | ${afterwards} |`,
    );
const deploys = figures
    .filter(({ megabytes_early }) => megabytes_early !== undefined)
    .map(
        (figure) =>
            `- ${figure.what}: ${figure.deploys} releases, each of them built, uploaded and switched in ${rounded(figure.seconds_each, 1)} s; ${figure.sent} requests, ${figure.lost} lost, the longest wait ${rounded(figure.longest)} ms; the provider has ${rounded(figure.megabytes_early, 1)} MB in use after the first ones, ${rounded(figure.megabytes_late, 1)} MB after the last (${rounded(figure.kilobytes_a_release, 1)} kB more with each); the host holds the same after the last as after the first ones`,
    );
const points = figures
    .filter(({ points }) => points !== undefined)
    .map(({ what, points, steps, wrong }) => `- ${what}: ${points} points over its ${steps} steps, ${wrong} wrong`);

writeFileSync(
    documentPath,
    `${head}${BEGIN}Measured on ${new Date().toISOString().slice(0, 10)}; ${cpus().length} cores (${cpus()[0]?.model}) for the hosts, the clients and this machine together, load ${rounded(loadavg()[2], 1)}.

<!-- chart column="lost" title="Requests lost in 20 updates" -->
| way | updates | requests | lost | median | longest wait | after them |
| --- | --: | --: | --: | --: | --: | --- |
${rows.join("\n")}

${deploys.join("\n")}
${points.join("\n")}
${END}${tail}`,
);
