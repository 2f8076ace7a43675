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
// The image's path is part of the text: a new image runs it again.
const apply = `set -- ${imagePath}\n${readFileSync("../shell/apply.sh", "utf8")}`;

for (const { name, address, port, privateKeyPath, hostKey } of config.requireObject<Host[]>("hosts")) {
    const connection = { host: address, port, user: "root", privateKey: readFileSync(privateKeyPath, "utf8"), hostKey };
    const copied = new remote.CopyToRemote(`image-${name}`, {
        source: new pulumi.asset.FileAsset(image),
        remotePath: imagePath,
        connection,
    });
    new remote.Command(
        `service-${name}`,
        {
            create: apply,
            update: apply,
            delete: readFileSync("../shell/remove.sh", "utf8"),
            stdin: dropIn,
            addPreviousOutputInEnv: false,
            connection,
        },
        { dependsOn: copied },
    );
}
