import path from "node:path";
import { getAsset, isSea } from "node:sea";
import { Worker } from "node:worker_threads";

/** The index of every image that this process sends, by its digest: one image may be sent to many hosts. */
const indexes = new Map<string, Promise<string>>();

/**
 * The index of an image file, made while other work goes on. It is empty if the file can't be read any more: the upload
 * reports that.
 */
export function indexOf({ digest, file }: { digest: string; file: string }): Promise<string> {
    const made = indexes.get(digest) ?? inThread(file);
    indexes.set(digest, made);
    return made;
}

function inThread(file: string): Promise<string> {
    return new Promise((resolve) => {
        // The thread's program is a file beside the bundle, or in a single executable an asset.
        const thread = isSea()
            ? new Worker(getAsset("chunker.js", "utf8"), { eval: true, workerData: file })
            : new Worker(path.join(__dirname, "chunker.js"), { workerData: file });
        thread.once("message", resolve);
        for (const end of ["error", "exit"]) thread.once(end, () => resolve(""));
        thread.unref();
    });
}
