// StyledLine: one line for a terminal, built up from cells of known width. Owner: whoever draws; values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

enum class Style { kPlain, kStrong, kFaint, kGood, kWarn, kBad };

class StyledLine {
 public:
  // Foreign text is escaped here.
  StyledLine& add(std::string_view text, Style style = Style::kPlain);
  // Exactly `columns` wide, cut or filled up.
  StyledLine& cell(std::string_view text, size_t columns, Style style = Style::kPlain);
  // The same, to the right.
  StyledLine& number(std::string_view text, size_t columns, Style style = Style::kPlain);
  // Spaces until `text` ends at `columns`, if there is room.
  StyledLine& at_the_end(std::string_view text, size_t columns, Style style = Style::kPlain);

  size_t columns() const { return columns_; }
  // At most `columns` wide.
  std::string to_text(size_t columns, bool colors) const;

 private:
  struct Span {
    std::string text;
    Style style;
  };
  StyledLine& append(std::string text, Style style);

  std::vector<Span> spans_;
  size_t columns_ = 0;
};

}  // namespace sluice
