import * as z from "zod";
import type { Package } from "./contract";
import { getHost } from "./functions/get-host";
import { attachedService } from "./resources/attached-service";
import { dropIn } from "./resources/drop-in";
import { portableImage } from "./resources/portable-image";
import { portableService } from "./resources/portable-service";
import { connection } from "./target/connection";

/** The package at a glance. */
export const portable: Package = {
    name: "portable",
    version: "0.1.0",
    displayName: "Portable Services",
    description: "Deploys systemd Portable Services to hosts over SSH.",
    publisher: "pulumi-portable",
    license: "Apache-2.0",
    repository: "https://github.com/pulumi-portable/pulumi-portable",
    homepage: "https://github.com/pulumi-portable/pulumi-portable",
    keywords: ["pulumi", "systemd", "portable-services", "category/infrastructure", "kind/native"],
    configuration: z.strictObject({
        connection: connection
            .optional()
            .describe("Connection for resources that don't bring their own, and for what theirs leaves out."),
    }),
    resources: [portableImage, attachedService, dropIn],
    components: [portableService],
    functions: [getHost],
};
