import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { HostContext } from "../../contract";
import { megabytes } from "../../format";
import type { Answer, Host } from "../../host/host";
import type { Arrival } from "../../host/image";
import type { Performed } from "../../host/perform";
import { present } from "../../schema/values";
import { newBytes } from "../../transfer/delta";
import type { Built } from "./build";

/** Runs the host program that receives the image; it calls `receiving` with a path to upload to once it listens. */
type Commit = (receiving: (path: string) => Promise<Answer>) => Promise<Performed>;

/** Time limit for one side of a connection to notice that the upload has ended on the other side. */
const SETTLE_MS = 2000;

/** Sends an image, or its new chunks, while the host receives it. */
export async function sendImage(
    context: HostContext,
    host: Host,
    built: Built,
    { from }: Arrival,
    commit: Commit,
): Promise<Performed> {
    const send = () =>
        from === undefined
            ? sendWhole(context, host, built, commit)
            : commit(async () => newParts(context, built, from.parts));
    if (from === undefined) context.status(`waiting to upload ${megabytes(built.sizeBytes)} MB`);
    return host.inTurn(send, { signal: context.signal });
}

/** Uploads the full image over SFTP while the host program runs. Throws the error of the upload, if it fails. */
async function sendWhole(context: HostContext, host: Host, { file }: Built, commit: Commit): Promise<Performed> {
    let uploading: Promise<unknown> | undefined;
    let failure: unknown;
    const over = new AbortController();
    const receiving = async (path: string) => {
        const signal = AbortSignal.any([context.signal, over.signal]);
        const onProgress = (done: number, total: number) =>
            context.status(`uploading ${megabytes(done)}/${megabytes(total)} MB`);
        const sent = host.upload(present(file, "file"), path, { signal, onProgress });
        uploading = sent.catch((error) => {
            if (!over.signal.aborted) failure = error;
        });
        await sent;
        context.status("verifying the upload");
        return "uploaded\n";
    };
    return await commit(receiving).finally(async () => {
        // The program has ended, so the rest of the upload is useless.
        await Promise.race([uploading, sleep(SETTLE_MS, undefined, { ref: false })]);
        over.abort(new Error("the host takes no more of the upload"));
        await uploading;
        if (failure !== undefined) throw failure;
    });
}

const READ_BYTES = 255 * 1024;

async function* newParts(
    context: HostContext,
    { file, sizeBytes }: Built,
    parts: NonNullable<Arrival["from"]>["parts"],
): AsyncGenerator<Uint8Array> {
    const sent = parts.filter(({ from }) => from === "new");
    const total = newBytes(parts);
    if (sent.length === 0) return;
    const handle = await open(present(file, "file"));
    try {
        let done = 0;
        for (const { offset, length } of sent) {
            for (let position = 0; position < length; ) {
                const wanted = Math.min(READ_BYTES, length - position);
                const { bytesRead, buffer } = await handle.read(Buffer.alloc(wanted), 0, wanted, offset + position);
                // The file was truncated meanwhile, which the host notices by the digest.
                if (bytesRead === 0) return;
                yield buffer.subarray(0, bytesRead);
                position += bytesRead;
                done += bytesRead;
                context.status(
                    `uploading ${megabytes(done)}/${megabytes(total)} MB; the rest of ${megabytes(sizeBytes)} MB is on the host`,
                );
            }
        }
    } finally {
        await handle.close();
    }
    context.status("verifying the image");
}
