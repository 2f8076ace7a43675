import { parentPort, workerData } from "node:worker_threads";
import { chunksOfFile, indexText } from "./chunks";

// Runs in a worker thread: cutting 20 MB takes 30 ms of computing, during which the main thread logs in.
chunksOfFile(workerData as string).then((chunks) => parentPort?.postMessage(indexText(chunks)));
