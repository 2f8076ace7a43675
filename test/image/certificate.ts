import { execFileSync } from "node:child_process";
import path from "node:path";
import { workspace } from "./workspace";

/** Paths of a key and a self-signed certificate for localhost. */
export function certificate(): { key: string; cert: string } {
    const directory = workspace();
    const [key, cert] = [path.join(directory, "key.pem"), path.join(directory, "cert.pem")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    execFileSync("openssl", ["req", "-x509", ...kind, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
    return { key, cert };
}
