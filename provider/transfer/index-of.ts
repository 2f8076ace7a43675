import path from "node:path";
import { getAsset, isSea } from "node:sea";
import { Worker } from "node:worker_threads";

/** Indexes of images by digest, as this process may send one image to many hosts. */
const indexes = new Map<string, Promise<string>>();

/**
 * The index of an image file, made in a worker thread. It is empty if the file can't be read any more, which the upload
 * reports.
 */
export function indexOf({ digest, file }: { digest: string; file: string }): Promise<string> {
    const made = indexes.get(digest) ?? inThread(file);
    indexes.set(digest, made);
    return made;
}

function inThread(file: string): Promise<string> {
    return new Promise((resolve) => {
        // The thread's program is a file next to the bundle, or an asset in a single executable.
        const thread = isSea()
            ? new Worker(getAsset("chunker.js", "utf8"), { eval: true, workerData: file })
            : new Worker(path.join(__dirname, "chunker.js"), { workerData: file });
        thread.once("message", resolve);
        for (const end of ["error", "exit"]) thread.once(end, () => resolve(""));
        thread.unref();
    });
}
