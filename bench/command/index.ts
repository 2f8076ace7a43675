import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

interface Host {
    name: string;
    address: string;
    port: number;
    privateKeyPath: string;
    hostKey: string;
}

const config = new pulumi.Config();
const image = config.require("image");
const imagePath = `/var/lib/portables/${basename(image)}`;
const dropIn = `[Service]\nEnvironment=NAME=${config.require("name")}\n`;
/** Whether the drop-in comes with the command, and not as a file of its own. */
const isPiped = config.getBoolean("piped") ?? false;
const copiedTo = "/tmp/50-bench.conf";
const input = isPiped ? "" : `exec <${copiedTo} # ${createHash("sha256").update(dropIn).digest("hex")}\n`;
// The image's path, and the digest of the drop-in, are part of the text: where one is new, it runs again.
const apply = `set -- ${imagePath}\n${input}${readFileSync("../shell/apply.sh", "utf8")}`;

for (const { name, address, port, privateKeyPath, hostKey } of config.requireObject<Host[]>("hosts")) {
    const connection = { host: address, port, user: "root", privateKey: readFileSync(privateKeyPath, "utf8"), hostKey };
    const copied = [
        new remote.CopyToRemote(`image-${name}`, {
            source: new pulumi.asset.FileAsset(image),
            remotePath: imagePath,
            connection,
        }),
    ];
    if (!isPiped)
        copied.push(
            new remote.CopyToRemote(`drop-in-${name}`, {
                source: new pulumi.asset.StringAsset(dropIn),
                remotePath: copiedTo,
                connection,
            }),
        );
    new remote.Command(
        `service-${name}`,
        {
            create: apply,
            update: apply,
            delete: readFileSync("../shell/remove.sh", "utf8"),
            stdin: isPiped ? dropIn : undefined,
            addPreviousOutputInEnv: false,
            connection,
        },
        { dependsOn: copied },
    );
}
