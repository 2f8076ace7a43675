import { ConnectionError } from "../link/connection-error";

/** sshd and ssh2 have no algorithm in common; the OpenSSH client may support one. */
export class NoCommonAlgorithm extends ConnectionError {}
