import { ConnectionError } from "../link/connection-error";

/** sshd and ssh2 share no algorithm: the OpenSSH client may know one. */
export class NoCommonAlgorithm extends ConnectionError {}
