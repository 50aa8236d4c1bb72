# Writes a C++ source that holds each catalogue file as a raw string literal.
set(source "#include \"policy/catalogue/built_in.h\"\n\nnamespace sluice {\n\nconst BuiltInCatalogue kBuiltInCatalogues[] = {\n")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND source "    {\"${name}\", R\"yaml(${text})yaml\"},\n")
endforeach()
string(APPEND source "};\nconst size_t kBuiltInCatalogueCount = sizeof(kBuiltInCatalogues) / sizeof(kBuiltInCatalogues[0]);\n\n}  // namespace sluice\n")
file(WRITE ${OUTPUT} "${source}")
