// current makes the SDKs for Node.js, Python and Go with the generators of a current Pulumi, without the CLI.
//
//	current SCHEMA DIRECTORY    writes DIRECTORY/{nodejs,python,go}
package main

import (
	"fmt"
	"os"

	"github.com/pulumi-portable/pulumi-portable/scripts/sdk-gen/shared"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// The name that generated files say they were made by.
const tool = "scripts/sdk-gen"

var generators = map[string]shared.Generate{
	"nodejs": func(pkg *schema.Package) (map[string][]byte, error) {
		return nodejs.GeneratePackage(tool, pkg, nil, nil, false, nil)
	},
	"python": func(pkg *schema.Package) (map[string][]byte, error) {
		return python.GeneratePackage(tool, pkg, nil, nil)
	},
	"go": func(pkg *schema.Package) (map[string][]byte, error) {
		return gogen.GeneratePackage(tool, pkg, nil)
	},
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: current SCHEMA DIRECTORY")
		os.Exit(2)
	}
	if err := shared.WriteSDKs(os.Args[1], os.Args[2], generators); err != nil {
		fmt.Fprintln(os.Stderr, "sdk-gen:", err)
		os.Exit(1)
	}
}
