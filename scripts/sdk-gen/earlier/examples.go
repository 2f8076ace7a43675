package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi-portable/pulumi-portable/scripts/sdk-gen/shared"
	"github.com/pulumi/pulumi-java/pkg/codegen/java"
	"github.com/pulumi/pulumi-yaml/pkg/pulumiyaml"
	yamlgen "github.com/pulumi/pulumi-yaml/pkg/pulumiyaml/codegen"
	"github.com/pulumi/pulumi/pkg/v3/codegen/dotnet"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// By the ending of the file that the program is written to.
var converters = map[string]func(*pcl.Program) (map[string][]byte, hcl.Diagnostics, error){
	"ts":   nodejs.GenerateProgram,
	"py":   python.GenerateProgram,
	"go":   gogen.GenerateProgram,
	"cs":   dotnet.GenerateProgram,
	"java": java.GenerateProgram,
}

func writeExamples(schemaFile, directory string) error {
	pkg, err := shared.Bind(schemaFile)
	if err != nil {
		return err
	}
	return filepath.WalkDir(directory, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".yaml" {
			return err
		}
		if err := convert(file, shared.Loader{Package: pkg}); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		return nil
	})
}

func convert(file string, loader schema.ReferenceLoader) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	template, diagnostics, err := pulumiyaml.LoadYAMLBytes(filepath.Base(file), text)
	if err != nil {
		return err
	}
	if diagnostics.HasErrors() {
		return diagnostics
	}
	program, problems, err := yamlgen.EjectProgram(template, loader)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return problems
	}
	for extension, generate := range converters {
		files, problems, err := generate(program)
		if err != nil {
			return fmt.Errorf("%s: %w", extension, err)
		}
		if len(problems) > 0 {
			return fmt.Errorf("%s: %w", extension, problems)
		}
		if len(files) != 1 {
			return fmt.Errorf("%s: the program became %d files", extension, len(files))
		}
		for _, content := range files {
			target := strings.TrimSuffix(file, "yaml") + extension
			if err := os.WriteFile(target, content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
