import * as z from "zod";
import type { Package } from "./contract";
import { connection } from "./host/connection";

/** The Pulumi package. */
export const portable: Package = {
    name: "portable",
    version: "0.1.0",
    displayName: "Portable Services",
    description: "Deploys systemd Portable Services to hosts over SSH.",
    publisher: "pulumi-portable",
    license: "Apache-2.0",
    repository: "https://github.com/pulumi-portable/pulumi-portable",
    homepage: "https://github.com/pulumi-portable/pulumi-portable",
    logoUrl: "https://raw.githubusercontent.com/pulumi-portable/pulumi-portable/main/docs/logo.png",
    pluginDownloadUrl: "github://api.github.com/pulumi-portable/pulumi-portable",
    keywords: ["pulumi", "systemd", "portable-services", "category/infrastructure", "kind/native"],
    configuration: z.strictObject({
        connection: connection
            .optional()
            .describe(
                "Default connection: used by resources without one, and for fields they leave unset. Its own unset fields come from the environment variables PORTABLE_HOST, PORTABLE_USER, PORTABLE_PORT, PORTABLE_PASSWORD, PORTABLE_PRIVATE_KEY and PORTABLE_PRIVATE_KEY_PASSWORD.",
            ),
    }),
    resources: {
        PortableImage: async () => (await import("./resources/portable-image/portable-image")).portableImage,
        AttachedService: async () => (await import("./resources/attached-service/attached-service")).attachedService,
        DropIn: async () => (await import("./resources/drop-in/drop-in")).dropIn,
    },
    components: { PortableService: async () => (await import("./resources/portable-service")).portableService },
    examples: async () => (await import("./examples.json")).default,
    functions: { getHost: async () => (await import("./functions/get-host")).getHost },
};
