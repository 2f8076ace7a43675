import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import path from "node:path";
import { promisify } from "node:util";
import { buildSync } from "esbuild";
import { buildImage, resolveSource } from "../../../provider/image/image";
import { Store } from "../../../provider/image/store/store";
import { certificate } from "../certificate";
import { placed } from "../sentences";
import { hello, workspace } from "../workspace";

let server: Server;
let origin: string;
let image: Buffer;
let sha256: string;
let requests: string[] = [];
const { key, cert } = certificate();
const script = path.join(workspace(), "build.js");

beforeAll(async () => {
    const files = {
        units: ["units/hello.service"],
        tree: {
            "/usr/bin/hello": {
                content: readFileSync(path.join(hello().programDirectory, "bin/hello"), "latin1"),
                mode: "0755",
            },
        },
        substitutions: { helloExe: "/usr/bin/hello" },
    };
    image = readFileSync((await buildImage({ files }, hello(), new Store(workspace()))).file);
    sha256 = createHash("sha256").update(image).digest("hex");
    server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, answer) => {
        requests.push(request.url as string);
        if (request.url === "/moved") answer.writeHead(302, { location: "/hello.raw" }).end();
        else if (request.url === "/plain") answer.writeHead(302, { location: "http://localhost/hello.raw" }).end();
        else if (request.url === "/circle") answer.writeHead(302, { location: "/circle" }).end();
        else if (request.url === "/junk") answer.end("junk");
        else if (request.url === "/cut") {
            answer.writeHead(200, { "content-length": String(image.length) });
            answer.write(image.subarray(0, 1000), () => answer.destroy());
        } else if (request.url === "/hello.raw") answer.end(image);
        else answer.writeHead(404).end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    origin = `https://localhost:${(server.address() as { port: number }).port}`;
    // NODE_EXTRA_CA_CERTS is only read when a process starts.
    const contents = `
        import { buildImage } from "./provider/image/image";
        const [, , url, sha256] = process.argv as string[];
        const args = { name: "hello", version: "1", programDirectory: "/", onProgress: (text: string) => console.log(text) };
        buildImage({ raw: { url, sha256 } }, args).then(
            ({ digest, unitTexts }) => console.log(digest, Object.keys(unitTexts).join()),
            (error) => console.log(error.message));`;
    const resolveDir = path.resolve(__dirname, "../../..");
    buildSync({ stdin: { contents, resolveDir, loader: "ts" }, bundle: true, platform: "node", outfile: script });
});
afterAll(() => {
    server?.closeAllConnections();
    server?.close();
});
beforeEach(() => {
    requests = [];
});

/** The lines that a build in another process prints; the last one is its result. */
async function build(file: string, digest = sha256, store = workspace(), trusted = true): Promise<string[]> {
    const env = {
        PATH: process.env.PATH,
        PORTABLE_STORE: store,
        ...(trusted ? { NODE_EXTRA_CA_CERTS: cert } : {}),
    };
    const { stdout } = await promisify(execFile)(process.execPath, [script, `${origin}${file}`, digest], { env });
    return stdout.trim().split("\n");
}

test("an image is downloaded once and verified", async () => {
    const store = workspace();
    const messages = await build("/moved", sha256.toUpperCase(), store);
    expect(messages.at(-1)).toBe(`${sha256} hello.service`);
    expect(messages[0]).toMatch(/^downloading 0\.0\/?0?\.?0? MB$/);
    expect(requests).toEqual(["/moved", "/hello.raw"]);
    expect((await build("/anywhere", sha256, store)).at(-1)).toBe(`${sha256} hello.service`);
    expect(requests).toHaveLength(2);
});

test("a preview downloads nothing, as the digest identifies the image", async () => {
    const source = { raw: { url: `${origin}/hello.raw`, sha256 } };
    const { failures, sourceDigest, unitTexts } = await resolveSource(source, hello());
    // No unit at all would be shown as the removal of those that the image before has.
    expect([failures, sourceDigest, unitTexts]).toEqual([[], sha256, undefined]);
    expect(requests).toEqual([]);
});

describe("faults are reported", () => {
    const other = "a".repeat(64);
    test.each<[string, string, () => Promise<string[]>]>([
        ["another file", "/hello.raw has the SHA-256", () => build("/hello.raw", other)],
        [
            "no such file",
            "/nope couldn't be downloaded. Look at the URL and the network. It reported: 404 Not Found",
            () => build("/nope"),
        ],
        ["a connection that breaks", "/cut couldn't be downloaded.", () => build("/cut")],
        ["a way to http", "it leads to http://localhost/hello.raw, which isn't https", () => build("/plain")],
        ["a circle", "it leads elsewhere more than 10 times", () => build("/circle")],
        [
            "no image",
            "is not a disk image that portablectl attaches",
            () => build("/junk", createHash("sha256").update("junk").digest("hex")),
        ],
        [
            "a server that isn't trusted",
            "self-signed certificate",
            () => build("/hello.raw", sha256, workspace(), false),
        ],
    ])("%s", async (_, expected, attempt) => {
        expect((await attempt()).join("\n")).toContain(expected);
    });

    test.each([
        [
            { url: "https://example.com/a.raw" },
            "source.raw.sha256: An image from a URL needs its SHA-256: without it nobody would notice that another file is there now.",
        ],
        [
            { url: "http://example.com/a.raw", sha256: other },
            "source.raw.url: An image is downloaded through https only, and this is http. Download it yourself, and give its `path`.",
        ],
        [
            { url: "https://me:secret@example.com/a.raw", sha256: other },
            "source.raw.url: The URL has a login for example.com, and would show it in the state. Download the image yourself, and give its `path`.",
        ],
        [
            { url: "example.com/a.raw", sha256: other },
            "source.raw.url: That is not a URL. Write it whole, as https://example.com/hello.raw.",
        ],
        [
            { url: "https://example.com/a.raw", path: "a.raw", sha256: other },
            "source.raw: A ready image is given as exactly one of `path`, `asset` and `url`.",
        ],
    ])("%p", async (raw, expected) => {
        const { failures } = await resolveSource({ raw }, hello());
        expect(placed(failures)).toEqual([expected]);
    });
});
