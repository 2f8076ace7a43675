import * as pulumi from "@pulumi/pulumi";

export const name = new pulumi.Config().require("name");
