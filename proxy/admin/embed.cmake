# Writes a C++ source that holds each file of the dashboard as a raw string literal.
set(source "#include \"proxy/admin/dashboard_files.h\"\n\nnamespace sluice {\n\nconst DashboardFile kDashboardFiles[] = {\n")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND source "    {\"${name}\", R\"dashboard(${text})dashboard\"},\n")
endforeach()
string(APPEND source "};\nconst size_t kDashboardFileCount = sizeof(kDashboardFiles) / sizeof(kDashboardFiles[0]);\n\n}  // namespace sluice\n")
file(WRITE ${OUTPUT} "${source}")
