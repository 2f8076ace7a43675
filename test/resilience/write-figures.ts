import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

/* write-figures.ts FIGURES DOCUMENT: puts what figures.ts kept into the document, between its two marks. */

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
const underLoad = figures.filter(({ longest }) => longest !== undefined);
const rows = underLoad.map((each) => {
    const way = each.way ?? `**pulumi-portable**, ${String(each.what).replace("deploys on", "Debian")}`;
    const updates = each.deploys ?? 20;
    return `| ${way} | ${updates} | ${each.sent} | ${each.lost} | ${rounded(each.median, 1)} ms | ${rounded(each.longest)} ms | ${each.serves ?? "answers 200 at the end"} |`;
});
const memory = underLoad
    .filter(({ megabytes_early }) => megabytes_early !== undefined)
    .map(
        (each) =>
            `- ${each.what}: ${each.deploys} releases, ${rounded(each.seconds_each, 1)} s each with its upload; memory of the provider ${rounded(each.megabytes_early)} MB in the first half, ${rounded(each.megabytes_late)} MB in the second; what the host holds is the same after the last as after the first ones`,
    );
const points = figures
    .filter(({ longest }) => longest === undefined)
    .map(({ what, points, wrong }) => `- ${what}: ${points} points, ${wrong} wrong`);

writeFileSync(
    documentPath,
    `${head}${BEGIN}Measured on ${new Date().toISOString().slice(0, 10)}; ${cpus().length} cores (${cpus()[0]?.model}) for the hosts, the clients and this machine together, load ${rounded(loadavg()[2], 1)}.

| way | updates | requests | lost | median | longest wait | after it |
| --- | --: | --: | --: | --: | --: | --- |
${rows.join("\n")}

${memory.join("\n")}
${points.join("\n")}
${END}${tail}`,
);
