import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Sentence, UserError } from "../../errors";
import { megabytes } from "../../format";
import { directoryInStore } from "../store/directories";
import type { MakeArgs, Ready } from "./loaded";

const MAX_REDIRECTS = 10;

/**
 * Why the URL can't be used for downloads; `undefined` if it can. The text never contains a password of the URL.
 */
export function urlProblem(url: string): Sentence | undefined {
    if (!URL.canParse(url))
        return { what: "That is not a URL", todo: "Write it whole, as https://example.com/hello.raw" };
    const { protocol, username, password, host } = new URL(url);
    if (protocol !== "https:") {
        return {
            what: `An image is downloaded through https only, and this is ${protocol.slice(0, -1)}`,
            todo: `Download it yourself, and give its \`path\``,
        };
    }
    if (username !== "" || password !== "") {
        return {
            what: `The URL has a login for ${host}, and would show it in the state`,
            todo: `Download the image yourself, and give its \`path\``,
        };
    }
    return undefined;
}

/** Downloads the file with this SHA-256, unless the local store has it. */
export async function downloaded(
    url: string,
    sha256: string,
    { storeDirectory, onProgress, signal }: MakeArgs,
): Promise<Ready> {
    const directory = await directoryInStore(
        storeDirectory,
        "downloads",
        sha256,
        async (to) => {
            const digest = await fetchTo(url, path.join(to, "image.raw"), onProgress, signal);
            if (digest !== sha256) {
                throw new UserError({
                    what: `what is at ${url} has the SHA-256 ${digest}, not ${sha256}`,
                    todo: "Look whether it is the right file; then correct `sha256`",
                });
            }
        },
        signal,
    );
    const file = path.join(directory, "image.raw");
    const { size } = await stat(file);
    return { kind: "ready", file, sha256, sizeBytes: size };
}

/** Downloads to a file and returns its SHA-256. */
async function fetchTo(
    url: string,
    file: string,
    onProgress: (text: string) => void,
    signal: AbortSignal | undefined,
): Promise<string> {
    const failed = (reported: string) =>
        new UserError({ what: `${url} couldn't be downloaded`, reported, todo: "Look at the URL and the network" });
    try {
        const answer = await follow(url, signal);
        if (!answer.ok || answer.body === null) throw failed(`${answer.status} ${answer.statusText}`.trim());
        const total = Number(answer.headers.get("content-length") ?? 0);
        const hash = createHash("sha256");
        let done = 0;
        const counting = new Transform({
            transform(chunk: Buffer, _, next) {
                hash.update(chunk);
                done += chunk.length;
                const totalText = total > 0 ? `/${megabytes(total)}` : "";
                onProgress(`downloading ${megabytes(done)}${totalText} MB`);
                next(null, chunk);
            },
        });
        await pipeline(Readable.fromWeb(answer.body as never), counting, createWriteStream(file, { flush: true }), {
            signal,
        });
        return hash.digest("hex");
    } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof UserError) throw error;
        const { cause } = error as { cause?: Error };
        throw failed(cause?.message ?? (error as Error).message);
    }
}

/** Follows redirects, from https to https only: the file is verified, but the request would be visible on the network. */
async function follow(url: string, signal: AbortSignal | undefined): Promise<Response> {
    let currentUrl = url;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
        const answer = await fetch(currentUrl, { redirect: "manual", signal });
        const location = answer.headers.get("location");
        if (answer.status < 300 || answer.status >= 400 || location === null) return answer;
        await answer.body?.cancel();
        currentUrl = new URL(location, currentUrl).href;
        if (!currentUrl.startsWith("https:")) throw new Error(`it leads to ${currentUrl}, which isn't https`);
    }
    throw new Error(`it leads elsewhere more than ${MAX_REDIRECTS} times`);
}
