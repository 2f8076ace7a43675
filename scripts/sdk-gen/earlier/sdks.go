package main

import (
	"net/http"
	"path/filepath"

	"github.com/pulumi-portable/pulumi-portable/scripts/sdk-gen/shared"
	"github.com/pulumi/pulumi-java/pkg/codegen/java"
	"github.com/pulumi/pulumi/pkg/v3/codegen/dotnet"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// The name that generated files say they were made by.
const tool = "scripts/sdk-gen"

func writeSDKs(schemaFile, logo, directory string) error {
	// The generator for .NET downloads the logo that it packs: it is given the address of the file.
	transport := http.DefaultTransport.(*http.Transport)
	transport.RegisterProtocol("file", http.NewFileTransport(http.Dir(filepath.Dir(logo))))

	return shared.WriteSDKs(schemaFile, directory, map[string]shared.Generate{
		"dotnet": func(pkg *schema.Package) (map[string][]byte, error) {
			pkg.LogoURL = "file:///" + filepath.Base(logo)
			return dotnet.GeneratePackage(tool, pkg, nil, nil)
		},
		"java": func(pkg *schema.Package) (map[string][]byte, error) {
			return java.GeneratePackage(tool, pkg, nil, nil, false, false)
		},
	})
}
