# Constraints of quillgen, to start from. Times in ns; set the two before this file is read, or here.
if {![info exists period]} { set period 2.0 }
if {![info exists io_share]} { set io_share 0.4 } ;# of the period, that the surroundings take at each port

create_clock -name clk -period $period [get_ports clk]

# One clock, no multicycle paths, no false paths inside. No output depends on an input in the same cycle.
set inputs [get_ports {
  rst
  s_axil_awaddr[*]
  s_axil_awvalid
  s_axil_wdata[*]
  s_axil_wstrb[*]
  s_axil_wvalid
  s_axil_bready
  s_axil_araddr[*]
  s_axil_arvalid
  s_axil_rready
  m_axi_awready
  m_axi_wready
  m_axi_bid[*]
  m_axi_bresp[*]
  m_axi_bvalid
  m_axi_arready
  m_axi_rid[*]
  m_axi_rdata[*]
  m_axi_rresp[*]
  m_axi_rlast
  m_axi_rvalid
}]
set outputs [get_ports {
  irq
  s_axil_awready
  s_axil_wready
  s_axil_bresp[*]
  s_axil_bvalid
  s_axil_arready
  s_axil_rdata[*]
  s_axil_rresp[*]
  s_axil_rvalid
  m_axi_awid[*]
  m_axi_awaddr[*]
  m_axi_awlen[*]
  m_axi_awsize[*]
  m_axi_awburst[*]
  m_axi_awvalid
  m_axi_wdata[*]
  m_axi_wstrb[*]
  m_axi_wlast
  m_axi_wvalid
  m_axi_bready
  m_axi_arid[*]
  m_axi_araddr[*]
  m_axi_arlen[*]
  m_axi_arsize[*]
  m_axi_arburst[*]
  m_axi_arvalid
  m_axi_rready
}]
set_input_delay [expr {$io_share * $period}] -clock clk $inputs
set_output_delay [expr {$io_share * $period}] -clock clk $outputs
