#pragma once

#include <semlink/codecs/adaptive/depth/depth.h>

/// The mechanisms behind the table in depth.cpp, one file each.
namespace semlink::adaptive {

template <typename T>
using StartedDepth = std::unique_ptr<DepthRun<T>>;

/// No mechanism: every block runs on every token until a policy stops.
template <typename T>
StartedDepth<T> start_exits(const DepthStart<T>& start, Tokens<T> tokens);
void add_no_gates(nn::ParameterLayout& layout, const NetworkConfig& config, DepthGates& gates);

template <typename T>
StartedDepth<T> start_skip(const DepthStart<T>& start, Tokens<T> tokens);
void add_skip_gates(nn::ParameterLayout& layout, const NetworkConfig& config, DepthGates& gates);

template <typename T>
StartedDepth<T> start_planned(const DepthStart<T>& start, Tokens<T> tokens);
void add_planner(nn::ParameterLayout& layout, const NetworkConfig& config, DepthGates& gates);

template <typename T>
StartedDepth<T> start_mixture_of_depths(const DepthStart<T>& start, Tokens<T> tokens);
void add_depth_routers(nn::ParameterLayout& layout, const NetworkConfig& config, DepthGates& gates);

template <typename T>
StartedDepth<T> start_halting(const DepthStart<T>& start, Tokens<T> tokens);
template <typename T>
StartedDepth<T> start_pondering(const DepthStart<T>& start, Tokens<T> tokens);
void add_halting_gates(nn::ParameterLayout& layout, const NetworkConfig& config, DepthGates& gates);

}  // namespace semlink::adaptive
