// Products of two matrices, c = activation(a b + bias), each of which may be stored turned (transposed).
//
// Four ways, by what lies together in memory and by shape:
//   blocks: panels of b are packed, and a tile of c stays in registers while rows of a stream past;
//   dots:   rows of a and columns of b both lie together along the common axis: sums of products, vector by vector;
//   lanes:  few columns of c and a turned a: a vector holds rows of c;
//   streams: few rows of c: b is read once, as it lies.
#pragma once

#include "dense_blocks.h"
#include "dense_dots.h"
#include "dense_lanes.h"
#include "dense_streams.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kNarrow = 16;     // columns of c, up to which a product is narrow
constexpr Index kShallow = 4 * 8; // of the common axis, up to which dots would spend their time on adding lanes up
constexpr Index kDotRows = 8;     // rows of c, up to which turning b takes longer than adding lanes up,
constexpr Index kDotDepth = 128;  // where the common axis is longer than this

inline void product(const Product& g, const float* a, const float* b, const float* bias, Activation activation, float* c,
                    Workers& workers) {
  const bool narrow = g.columns <= kNarrow;
  const bool few = g.rows <= kDotRows && g.depth > kDotDepth;
  if (g.a_turned && narrow && !g.b_turned && g.rows >= kWidth) {
    lanes(g, a, b, bias, activation, c, workers);
  } else if (!g.a_turned && g.b_turned && (few || (narrow && g.depth > kShallow))) {
    dots(g, a, b, g.depth, bias, activation, c, workers);
  } else if (!g.a_turned && narrow && !g.b_turned && g.depth > kShallow) {
    float* turned = scratch(Scratch::shared_filter, static_cast<std::size_t>(g.columns * g.depth));
    turn(b, g.depth, g.columns, turned);
    dots(g, a, turned, g.depth, bias, activation, c, workers);
  } else if (!g.a_turned && !g.b_turned && g.rows <= kStreamRows) {
    streams(g, a, b, bias, activation, c, workers);
  } else {
    const Left left{a, g.a_turned ? g.rows : g.depth, g.a_turned};
    const Right right{b, g.b_turned ? g.depth : g.columns, g.b_turned};
    blocks(left, right, g.rows, g.columns, g.depth, bias, activation, c, workers);
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
