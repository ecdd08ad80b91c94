# SPDX-License-Identifier: GPL-3.0-or-later
# Plots, and the panels that only read a RunSource: curves, weights, sampling.
find_package(QCustomPlotQt6 REQUIRED)

quantarium_widgets_library(plot
  SOURCES plot/decimation.cpp plot/figure_file.cpp plot/heat_map_view.cpp plot/heat_map_view.h plot/number_text.cpp plot/plot_view.cpp plot/plot_view.h plot/plot_view_input.cpp
    plot/plot_view_ranges.cpp plot/refresh_pace.cpp plot/robust_range.cpp plot/tool_buttons.cpp
  LINK quantarium::base quantarium::theme Qt6::PrintSupport Qt6::Svg QCustomPlotQt6::QCustomPlotQt6)

quantarium_widgets_library(panels
  SOURCES curves/curve_math.cpp curves/curves_panel.cpp curves/curves_panel.h curves/curves_series.cpp
    sampling/alpha_bars.cpp sampling/alpha_bars.h sampling/drawn_widget.cpp sampling/drawn_widget.h sampling/gumbel_experiment.cpp
    sampling/gumbel_runner.cpp sampling/gumbel_runner.h sampling/live_search.cpp sampling/live_search.h sampling/sample_grid.cpp
    sampling/sample_grid.h sampling/sampling_layout.cpp sampling/sampling_panel.cpp sampling/sampling_panel.h sampling/search_model.cpp
    sampling/search_model.h sampling/simplex_view.cpp sampling/simplex_view.h
    weights/epoch_scrubber.cpp weights/epoch_scrubber.h weights/layer_grid.cpp weights/layer_grid.h weights/layer_history.cpp
    weights/layer_model.cpp weights/layer_model.h weights/layer_series.cpp weights/own_values.cpp weights/pin_bar.cpp weights/pin_bar.h weights/snapshot_history.cpp
    weights/snapshot_history.h weights/weights_csv.cpp weights/weights_layout.cpp weights/weights_panel.cpp weights/weights_panel.h
  LINK quantarium::plot quantarium::run_source
  PRIVATE_LINK quantarium::quant)
