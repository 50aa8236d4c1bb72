# Writes a C++ source that holds the script as a raw string literal.
file(READ ${FILE} text)
file(WRITE ${OUTPUT} "#include \"proxy/pacing/reservation_store.h\"\n\nnamespace sluice {\n\nconst std::string_view kReservationScript = R\"lua(${text})lua\";\n\n}  // namespace sluice\n")
