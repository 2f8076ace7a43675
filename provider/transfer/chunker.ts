import { parentPort, workerData } from "node:worker_threads";
import { chunksOfFile, indexText } from "./chunks";

// A thread of its own: cutting 20 MB takes 30 ms of computing, while another one logs in.
chunksOfFile(workerData as string).then((chunks) => parentPort?.postMessage(indexText(chunks)));
