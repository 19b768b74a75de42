// What the pictures have in common: text in XML, and colours for light and for dark surroundings.
#pragma once
#include <array>
#include <span>
#include <string>

namespace quillgen::drawing {

/// Text of any origin between tags or quotes of XML and HTML; what they cannot hold is U+FFFD.
std::string escaped(const std::string& text);

/// Pixels that a text takes in a sans-serif font of that size, rather too many than too few.
double text_width(const std::string& text, double size);

/// The end of a text that is wider than `most` pixels, behind "...": of names of files the end tells more.
std::string shortened(const std::string& text, double size, double most);

/// A colour by its two looks, "#rrggbb": on white, and on black for a reader whose system is set to dark.
struct Colour {
  const char* light;
  const char* dark;
};
// Of every picture. They differ in lightness, so that they are told apart in grey and by the colour-blind.
inline constexpr Colour paper{"#ffffff", "#14181d"}, ink{"#1c2530", "#e6e9ec"}, dim{"#5d6873", "#a3adb7"},
    grid{"#dfe4e8", "#2c343c"}, outline{"#8a949e", "#6b7680"}, accent{"#b8321f", "#ff9a76"},
    quiet{"#9db4c8", "#45617a"};

/// A rule of a style sheet: what is painted (`fill`, `stroke`, `color`, `background`) where, and in which colour.
struct Paint {
  std::string selector, property;
  std::string light, dark;

  Paint(std::string selector, std::string property, Colour c)
      : selector(std::move(selector)), property(std::move(property)), light(c.light), dark(c.dark) {}
  Paint(std::string selector, std::string property, std::string light, std::string dark)
      : selector(std::move(selector)), property(std::move(property)), light(std::move(light)), dark(std::move(dark)) {}
};
/// The rules for light, then those for dark. Plain colours, since viewers outside of browsers know no variables.
std::string style_sheet(std::span<const Paint> paints);

/// A colour between the stops of a ramp, of which `part` is 0 at the first and 1 at the last.
using Rgb = std::array<double, 3>;  ///< each 0 .. 255
std::string ramp(std::span<const Rgb> stops, double part);

}  // namespace quillgen::drawing
