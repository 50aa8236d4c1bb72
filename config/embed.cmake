# embed_files(SYMBOL FILE...): a C++ source that holds the files as raw string literals, as a span of
# EmbeddedFile (embedded_file.h) of that name; its path is in the variable SYMBOL afterwards. Run as a script, it writes that source.
if(CMAKE_SCRIPT_MODE_FILE)
  set(entries "")
  foreach(file ${FILES})
    get_filename_component(name ${file} NAME)
    file(READ ${file} text)
    string(APPEND entries "    {\"${name}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  file(WRITE ${OUTPUT} "#include \"config/embedded_file.h\"\n\nnamespace sluice {\n\nstatic const EmbeddedFile kFiles[] = {\n${entries}};\n"
    "extern const std::span<const EmbeddedFile> ${SYMBOL};\n"
    "const std::span<const EmbeddedFile> ${SYMBOL} = kFiles;\n\n}  // namespace sluice\n")
  return()
endif()

function(embed_files SYMBOL)
  set(output ${CMAKE_BINARY_DIR}/generated/${SYMBOL}.cc)
  set(script ${CMAKE_SOURCE_DIR}/config/embed.cmake)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${SYMBOL} -DOUTPUT=${output} "-DFILES=${ARGN}" -P ${script}
    DEPENDS ${ARGN} ${script}
    VERBATIM)
  set(${SYMBOL} ${output} PARENT_SCOPE)
endfunction()
