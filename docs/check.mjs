// Opens every page of the built site in Chromium, at phone and desktop width, light and dark: no serious finding of axe, no
// page wider than the screen, no picture missing. CHROMIUM names the browser; SCREENSHOTS=DIRECTORY keeps pictures.
import { createReadStream, existsSync, globSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import puppeteer from "puppeteer-core";

const site = join(import.meta.dirname, ".vitepress/dist");
const axe = readFileSync(join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");
const screenshots = process.env.SCREENSHOTS;
const WIDTHS = { phone: 390, desktop: 1280 };
const TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
};

const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://site").pathname);
    const file = [path, `${path}.html`, `${path}index.html`]
        .map((name) => join(site, name))
        .find((name) => existsSync(name) && statSync(name).isFile());
    if (file === undefined) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${server.address().port}`;

const only = process.argv.slice(2);
const pages = globSync("**/*.html", { cwd: site })
    .filter((name) => name !== "404.html")
    .map((name) => `/${name.replace(/(index)?\.html$/, "")}`)
    .filter((name) => only.length === 0 || only.includes(name))
    .sort();
const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
});
const findings = [];
const tab = await browser.newPage();
// What is fetched ahead is cancelled when the next page is opened.
tab.on("requestfailed", (request) => {
    if (request.failure()?.errorText !== "net::ERR_ABORTED") findings.push(`${tab.url()}: ${request.url()} failed`);
});
tab.on(
    "response",
    (response) =>
        response.status() >= 400 && findings.push(`${tab.url()}: ${response.url()} has status ${response.status()}`),
);
tab.on("pageerror", (error) => findings.push(`${tab.url()}: ${error.message}`));
for (const scheme of ["light", "dark"]) {
    await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    for (const [device, width] of Object.entries(WIDTHS)) {
        await tab.setViewport({ width, height: 900 });
        for (const page of pages) {
            const label = `${page} (${device}, ${scheme})`;
            await tab.goto(address + page, { waitUntil: "load" });
            await tab.waitForSelector(".VPContent");
            const wide = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
            if (wide > 0) findings.push(`${label}: ${wide} pixels wider than the screen`);
            const broken = await tab.evaluate(() =>
                [...document.images]
                    .filter((image) => image.complete && image.naturalWidth === 0)
                    .map((image) => image.src),
            );
            for (const source of broken) findings.push(`${label}: the picture ${source} can't be shown`);
            await tab.evaluate(axe);
            const { violations } = await tab.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
            for (const { id, impact, nodes } of violations)
                if (impact === "serious" || impact === "critical")
                    findings.push(
                        `${label}: ${id}: ${nodes
                            .map(({ html }) => html.slice(0, 160))
                            .slice(0, 3)
                            .join(" | ")}`,
                    );
            if (screenshots !== undefined) {
                mkdirSync(screenshots, { recursive: true });
                const name = `${page.replaceAll("/", "_")}-${device}-${scheme}.png`;
                await tab.screenshot({ path: join(screenshots, name), fullPage: true });
            }
        }
    }
}
await browser.close();
server.close();
for (const finding of new Set(findings)) console.log(finding);
console.log(`${pages.length} pages, each 4 times: ${new Set(findings).size} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
